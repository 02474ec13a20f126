//! Which topic filter matches which topic name, read plainly.

/// Whether a filter matches a name, as section 4.7 says it, level by level.
pub fn is_match(filter: &str, name: &str) -> bool {
    let filter: Vec<&str> = filter.split('/').collect();
    let name: Vec<&str> = name.split('/').collect();
    if name[0].starts_with('$') && matches!(filter[0], "+" | "#") {
        return false;
    }
    let (exact, has_rest) = match filter.split_last() {
        Some((&"#", start)) => (start, true),
        _ => (&filter[..], false),
    };
    let is_long_enough =
        if has_rest { name.len() >= exact.len() } else { name.len() == exact.len() };
    is_long_enough && exact.iter().zip(&name).all(|(f, n)| *f == "+" || f == n)
}
