//! Finds the proxy for an address in the environment: `HTTPS_PROXY`, `HTTP_PROXY`,
//! `ALL_PROXY` and `NO_PROXY`, in upper or lower case.

use impasto::{Error, ErrorKind, Result};
use ureq::Proxy;

use crate::Address;

/// The proxy for an address. There is none for addresses of this machine.
pub(super) fn for_address(address: &Address) -> Result<Option<Proxy>> {
    let own = if address.is_secure() { "https_proxy" } else { "http_proxy" };
    let Some((name, value)) = variable(own).or_else(|| variable("all_proxy")) else { return Ok(None) };
    if address.is_loopback() || variable("no_proxy").is_some_and(|(_, list)| excepts(&list, address.host())) {
        return Ok(None);
    }
    // Do not show the value, which may contain a password.
    let wrong = |_| Error::new(ErrorKind::InvalidArgument, format!("{name}: is not the address of a proxy"));
    Proxy::new(&value).map(Some).map_err(wrong)
}

fn variable(name: &str) -> Option<(String, String)> {
    let set = |name: String| Some((name.clone(), std::env::var(name).ok().filter(|value| !value.trim().is_empty())?));
    set(name.to_owned()).or_else(|| set(name.to_ascii_uppercase()))
}

/// Whether a comma-separated list of hosts and domains matches this host: by its name,
/// by a domain that it belongs to, or by `*`.
fn excepts(list: &str, host: &str) -> bool {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).any(|item| {
        let item = item.to_ascii_lowercase();
        let domain = item.trim_start_matches('*').trim_start_matches('.');
        item == "*" || host == domain || !domain.is_empty() && host.ends_with(&format!(".{domain}"))
    })
}

#[cfg(test)]
mod tests {
    use super::excepts;

    #[test]
    fn hosts_are_excepted_by_name_and_domain() {
        for (list, host, expected) in [
            ("example.org", "example.org", true),
            ("example.org", "a.example.org", true),
            (".example.org, other", "a.example.org", true),
            ("*.example.org", "a.example.org", true),
            ("*", "anything", true),
            ("example.org", "badexample.org", false),
            ("", "example.org", false),
            (" , ", "example.org", false),
        ] {
            assert_eq!(excepts(list, host), expected, "{list} {host}");
        }
    }
}
