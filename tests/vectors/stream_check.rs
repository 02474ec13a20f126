//! Checks one stream: every way to cut it gives the same packets, each with the piece that has its
//! last byte, and then the same end.

use crate::{
    case::{bytes_of, codes_of, text, version_named, write_out},
    options,
    stream::{Fed, cut, feed},
};
use mqtt_pure::DecodeOptions;
use serde_json::Value;

type Outcome = Result<(), String>;

pub fn check(case: &Value) -> Outcome {
    let bytes = bytes_of(case);
    let options = options_of(case);
    let mut pieces = case["packets"].clone();
    write_out(&mut pieces, false);
    let pieces = pieces.as_array().expect("packets").clone();
    let packets: Vec<Value> = pieces.iter().map(|piece| piece["packet"].clone()).collect();
    let mut ends = Vec::new();
    let mut used = 0;
    for piece in &pieces {
        used += piece["consumed"].as_u64().expect("consumed");
        ends.push(usize::try_from(used).expect("consumed"));
    }
    if case["consumed"] != used {
        return Err(format!("consumed is {}, the packets have {used} bytes", case["consumed"]));
    }
    for plan in case["plans"].as_array().expect("plans") {
        let plan: Vec<usize> = serde_json::from_value(plan.clone()).expect("plan");
        let cuts = cut(&bytes, &plan);
        let fed = feed(&cuts, options);
        let place = |why: String| format!("plan {plan:?}: {why}");
        if fed.packets != packets {
            let first = fed.packets.iter().zip(&packets).position(|(a, b)| a != b);
            let counts = (fed.packets.len(), packets.len());
            return Err(place(format!("packets {counts:?}, the first that differs is {first:?}")));
        }
        check_after(&cuts, &ends, &fed).map_err(place)?;
        check_end(case, bytes.len() - ends.last().unwrap_or(&0), &fed).map_err(place)?;
    }
    Ok(())
}

fn options_of(case: &Value) -> DecodeOptions {
    let version = version_named(&text(&case["version"]));
    let options = options::of(version, &case["level"], &case["to"]);
    let options = options::read(&case["options"], options).expect("options").expect("known");
    if case["told"] == true { options } else { options::untold(options) }
}

/// A packet comes out with the piece that has its last byte.
fn check_after(cuts: &[&[u8]], ends: &[usize], fed: &Fed) -> Outcome {
    let mut given = 0;
    for (index, (piece, found)) in cuts.iter().zip(&fed.after).enumerate() {
        given += piece.len();
        let expected = ends.iter().filter(|end| **end <= given).count();
        if *found != expected {
            return Err(format!("{found} packets after piece {}, not {expected}", index + 1));
        }
    }
    Ok(())
}

fn check_end(case: &Value, rest: usize, fed: &Fed) -> Outcome {
    let code = fed.error.map(|error| error.code());
    let is_right = match text(&case["end"]).as_str() {
        "complete" => code.is_none() && fed.held == 0 && rest == 0,
        "incomplete" => code.is_none() && fed.held == rest && rest > 0,
        "invalid" => code.is_some_and(|code| codes_of(case).iter().any(|known| known == code)),
        other => return Err(format!("end {other}")),
    };
    if is_right { Ok(()) } else { Err(format!("ends with {code:?}, {} bytes held", fed.held)) }
}
