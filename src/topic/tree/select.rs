//! From a filter to the topic names that it matches.

use super::{NONE, OutOfSteps, Radix, radix::ROOT};
use alloc::vec::Vec;

/// A node whose kids are being visited.
#[derive(Clone, Copy, Debug)]
struct Frame {
    node: u32,
    /// How much of the filter is matched here: up to a wildcard that has begun, or behind a literal
    /// byte.
    matched: u16,
    /// The first byte of the next kid, 256 if there is none.
    next: u16,
}

/// No byte.
const END: u16 = 256;

/// A walk over the values of all names that a filter matches, in the order of their bytes.
#[derive(Clone, Debug)]
pub(crate) struct Select<'t, 'f> {
    tree: &'t Radix,
    /// What the names have to match; all if there is none.
    filter: Option<&'f [u8]>,
    frames: Vec<Frame>,
    /// How many nodes may still be visited.
    pub(crate) steps: usize,
}

impl<'t, 'f> Select<'t, 'f> {
    pub(crate) fn new(tree: &'t Radix, filter: Option<&'f [u8]>) -> Self {
        let mut select = Self { tree, filter, frames: Vec::new(), steps: usize::MAX };
        select.begin();
        select
    }

    /// Goes to the beginning.
    pub(crate) fn begin(&mut self) {
        self.frames.clear();
        self.frames.push(Frame { node: ROOT, matched: 0, next: 0 });
    }

    /// The next node with a value, and its value.
    pub(crate) fn next(&mut self) -> Option<Result<(u32, u32), OutOfSteps>> {
        while let Some(frame) = self.frames.last_mut() {
            let literal = literal(self.filter, frame.matched);
            let wanted = match literal {
                Some(byte) if u16::from(byte) < frame.next => None,
                Some(byte) => Some(byte),
                None => u8::try_from(frame.next).ok(),
            };
            let kid = wanted.and_then(|key| self.tree.kid_from(frame.node, key));
            let kid = kid.filter(|&(key, _)| literal.is_none_or(|byte| byte == key));
            let Some((key, kid)) = kid else {
                self.frames.pop();
                continue;
            };
            if self.steps == 0 {
                return Some(Err(OutOfSteps));
            }
            self.steps = self.steps.saturating_sub(1);
            frame.next = u16::from(key).saturating_add(1);
            if is_hidden(self.filter, *frame, key) {
                continue;
            }
            let node = self.tree.node(kid);
            if let Some(matched) = matched(self.filter, frame.matched, node.label()) {
                self.frames.push(Frame { node: kid, matched, next: 0 });
                if node.value != NONE && is_match(self.filter, matched) {
                    return Some(Ok((kid, node.value)));
                }
            }
        }
        None
    }

    /// The string before which everything has been visited; `None` if all has.
    pub(crate) fn bound(&self) -> Option<Vec<u8>> {
        let frame = self.frames.iter().rev().find(|frame| frame.next < END)?;
        let mut bound = self.tree.string(frame.node);
        bound.push(u8::try_from(frame.next).ok()?);
        Some(bound)
    }

    /// Passes over all.
    pub(crate) fn finish(&mut self) {
        self.frames.clear();
    }

    /// Goes to the first string that is not before this one, from wherever it is.
    pub(crate) fn seek(&mut self, bound: &[u8]) {
        self.begin();
        let mut rest = bound;
        while let Some((&key, frame)) = rest.first().zip(self.frames.last_mut()) {
            frame.next = u16::from(key);
            let Some((_, kid)) =
                self.tree.kid_from(frame.node, key).filter(|&(first, _)| first == key)
            else {
                return;
            };
            let label = self.tree.node(kid).label();
            match rest.strip_prefix(label) {
                Some(after) if !after.is_empty() => {
                    let is_hidden = is_hidden(self.filter, *frame, key);
                    frame.next = u16::from(key).saturating_add(1);
                    if is_hidden {
                        return;
                    }
                    let Some(matched) = matched(self.filter, frame.matched, label) else { return };
                    self.frames.push(Frame { node: kid, matched, next: 0 });
                    rest = after;
                }
                // The kid and all below it come after the bound.
                _ if label >= rest => return,
                _ => {
                    frame.next = u16::from(key).saturating_add(1);
                    return;
                }
            }
        }
    }
}

/// Whether names that go on with this byte are not for a filter that begins with a wildcard
/// [MQTT-4.7.2-1].
fn is_hidden(filter: Option<&[u8]>, frame: Frame, key: u8) -> bool {
    let begins_with_wildcard = matches!(filter, Some([b'+' | b'#', ..]));
    frame.node == ROOT && key == b'$' && begins_with_wildcard
}

/// The byte of the filter that has to come next, unless a wildcard leaves that open. At the end of
/// the filter, one that is in no name.
fn literal(filter: Option<&[u8]>, matched: u16) -> Option<u8> {
    match filter?.get(usize::from(matched)) {
        Some(b'+' | b'#') => None,
        Some(&byte) => Some(byte),
        None => Some(0),
    }
}

/// How much of the filter is matched after these bytes of a name; `None` if they do not match.
fn matched(filter: Option<&[u8]>, matched: u16, bytes: &[u8]) -> Option<u16> {
    let Some(filter) = filter else { return Some(0) };
    let mut at = usize::from(matched);
    for &byte in bytes {
        at = match filter.get(at)? {
            b'#' => break,
            b'+' if byte != b'/' => at,
            b'+' => {
                let slash = at.saturating_add(1);
                filter.get(slash).filter(|&&next| next == b'/')?;
                slash.saturating_add(1)
            }
            &next if next == byte => at.saturating_add(1),
            _ => return None,
        };
    }
    u16::try_from(at).ok()
}

/// Whether a name that ends here matches: what is left of the filter matches no further level.
fn is_match(filter: Option<&[u8]>, matched: u16) -> bool {
    let rest = filter.and_then(|filter| filter.get(usize::from(matched)..));
    matches!(rest, None | Some(b"" | b"+" | b"#" | b"/#" | b"+/#"))
}
