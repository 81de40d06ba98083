//! Value lists: many values under one name, for exceptions.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use dragnet_event::Field;
use dragnet_plan::pattern::Wildcard;
use dragnet_plan::{Condition, Leaf, Network};

use crate::exception::one_of;

/// Largest list file, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Value lists by their ids.
#[derive(Debug, Clone, Default)]
pub struct ValueLists {
    lists: BTreeMap<String, Vec<String>>,
}

impl ValueLists {
    /// Adds a list of these values, one a line; blank lines are left out, and comments, which begin with `# `.
    pub fn add(&mut self, id: &str, text: &str) {
        let is_comment = |line: &str| line == "#" || line.starts_with("# ");
        let values = text.lines().map(str::trim);
        let values = values.filter(|line| !line.is_empty() && !is_comment(line));
        self.lists.insert(id.to_owned(), values.map(str::to_owned).collect());
    }

    /// Reads a list from a file, or every file of a directory. Kibana names a list after the file that
    /// was uploaded, so the id is the file's name (`hashes.txt`); without its extension it is found too.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn read(&mut self, path: &Path) -> Result<(), String> {
        let error = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        if path.is_dir() {
            let entries = fs::read_dir(path).map_err(|why| error(&why))?;
            let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            return paths.iter().filter(|path| path.is_file()).try_for_each(|path| self.read(path));
        }
        let mut text = String::new();
        let file = File::open(path).map_err(|why| error(&why))?;
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|why| error(&why))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(error(&"the list is larger than 256 MB"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.add(&name, text.strip_prefix('\u{feff}').unwrap_or(&text));
        Ok(())
    }

    /// The values of a list.
    fn get(&self, id: &str) -> Option<&[String]> {
        let stem = |name: &str| Path::new(name).file_stem().is_some_and(|stem| *stem == *id);
        let named = self.lists.get(id);
        let found =
            named.or_else(|| self.lists.iter().find(|(name, _)| stem(name)).map(|(_, v)| v));
        found.map(Vec::as_slice)
    }

    /// That a field has a value of a list. Of a keyword list, values with `*` or `?` are patterns, which Kibana does not
    /// have: there they are ordinary characters. Also gives the values that are none of the list's type.
    ///
    /// # Errors
    /// If the list is not known, or none of its type are.
    pub fn condition(
        &self,
        id: &str,
        kind: &str,
        field: &Field,
    ) -> Result<(Condition, Vec<&str>), String> {
        let values = self.get(id).ok_or_else(|| format!("the value list `{id}` is not known"))?;
        let mut wrong = Vec::new();
        let mut networks = |read: &dyn Fn(&str) -> Option<Vec<Network>>| {
            let mut networks = Vec::new();
            for value in values {
                match read(value) {
                    Some(more) => networks.extend(more),
                    None => wrong.push(value.as_str()),
                }
            }
            Leaf::Cidr { field: field.clone(), networks }
        };
        let mut parts = Vec::new();
        match kind {
            "ip" => parts.push(networks(&|value| Some(vec![Network::parse(value).ok()?]))),
            "ip_range" => parts.push(networks(&range)),
            other if other.ends_with("_range") => {
                return Err(format!(
                    "the value list `{id}` is of {other}s, which are not supported"
                ));
            }
            _ => {
                let (patterns, plain): (Vec<_>, Vec<_>) =
                    values.iter().cloned().partition(|value| value.contains(['*', '?']));
                if !plain.is_empty() {
                    parts.push(one_of(field, &plain));
                }
                if !patterns.is_empty() {
                    let patterns = patterns.iter().map(|p| Wildcard::new(p, false)).collect();
                    parts.push(Leaf::Like { field: field.clone(), patterns });
                }
            }
        }
        let empty =
            |leaf: &Leaf| matches!(leaf, Leaf::Cidr { networks, .. } if networks.is_empty());
        parts.retain(|leaf| !empty(leaf));
        Ok((Condition::Any(parts.into_iter().map(Condition::Leaf).collect()), wrong))
    }
}

/// A range of addresses as networks: `10.0.0.0/8`, one address, or `10.0.0.3-10.0.0.9`.
fn range(text: &str) -> Option<Vec<Network>> {
    let Some((first, last)) = text.split_once('-') else {
        return Some(vec![Network::parse(text).ok()?]);
    };
    match (first.trim().parse().ok()?, last.trim().parse().ok()?) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let show = |n: u128| IpAddr::V4(Ipv4Addr::from(n as u32));
            blocks(u32::from(first).into(), u32::from(last).into(), 32, &show)
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let show = |n: u128| IpAddr::V6(Ipv6Addr::from(n));
            blocks(first.into(), last.into(), 128, &show)
        }
        _ => None,
    }
}

/// The fewest networks that make up a range; both ends belong to it.
fn blocks(
    mut first: u128,
    last: u128,
    width: u32,
    show: &dyn Fn(u128) -> IpAddr,
) -> Option<Vec<Network>> {
    if first > last {
        return None;
    }
    let mut networks = Vec::new();
    loop {
        // The largest block that begins here and does not go beyond the end.
        let mut free = first.trailing_zeros().min(width);
        let size = |free: u32| 1u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
        while free > 0 && size(free) > last - first {
            free -= 1;
        }
        networks.push(Network::parse(&format!("{}/{}", show(first), width - free)).ok()?);
        match first.checked_add(size(free)).and_then(|end| end.checked_add(1)) {
            Some(next) if next <= last => first = next,
            _ => return Some(networks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_networks() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let networks = range(text).unwrap_or_default();
            let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
        check("10.0.0.3-10.0.0.9", "10.0.0.3/32 10.0.0.4/30 10.0.0.8/31");
        check("10.0.0.0 - 10.0.0.255", "10.0.0.0/24");
        check("10.0.0.0/8", "10.0.0.0/8");
        check("0.0.0.0-255.255.255.255", "0.0.0.0/0");
        check("fe80::1-fe80::2", "fe80::1/128 fe80::2/128");
        check("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0");
        check("10.0.0.9-10.0.0.3", "");
        check("10.0.0.9-::1", "");
    }

    #[test]
    fn lists() {
        let mut lists = ValueLists::default();
        lists.add("names.txt", "# Tools\ncmd.exe\n\n svc_* \r\n");
        lists.add("nets", "10.0.0.0/8\n192.0.2.1-192.0.2.2\n");
        lists.add("none", "");
        let shown = |id: &str, kind: &str| match lists.condition(id, kind, &Field::any("a")) {
            Ok((condition, wrong)) if wrong.is_empty() => condition.to_string(),
            Ok((condition, wrong)) => format!("{condition} without {}", wrong.join(" ")),
            Err(error) => error,
        };
        assert_eq!(shown("names", "keyword"), r#"a in ("cmd.exe") or a like "svc_*""#);
        let networks = r#"cidrMatch(a, "10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32")"#;
        assert_eq!(shown("nets", "ip_range"), networks);
        assert_eq!(shown("none", "keyword"), "false");
        assert_eq!(shown("other", "keyword"), "the value list `other` is not known");
        assert_eq!(shown("names.txt", "ip"), "false without cmd.exe svc_*");
        let range = "the value list `names.txt` is of date_ranges, which are not supported";
        assert_eq!(shown("names.txt", "date_range"), range);
    }
}
