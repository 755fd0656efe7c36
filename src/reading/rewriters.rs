//! Links that a mail gateway has put another one in the place of: what the original was, where the link itself says so.
//!
//! Nobody is asked: that would tell a stranger the link, and open it. Shapes are those of public documentation and of the
//! decoders of others' projects; what carries only a number of the gateway's own is known to be unreadable.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::Url;

/// One rewriter may wrap what another one has wrapped.
const DEPTH_MAX: usize = 8;
const URL_MAX: usize = 16_384;
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is known of the link behind a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// It is one itself.
    Itself(String),
    /// It was put in another one's place by this, and says which.
    Behind(String, &'static str),
    /// It was put in another one's place by this, and does not say which.
    Unknown(&'static str),
}

/// A rewriter whose links carry the original in a parameter of their query.
struct ByParameter {
    name: &'static str,
    /// Hosts, or (with a dot in front) ends of them.
    hosts: &'static [&'static str],
    parameters: &'static [&'static str],
}

const BY_PARAMETER: [ByParameter; 14] = [
    ByParameter {
        name: "Safe Links",
        hosts: &[
            "safelinks.protection.outlook.com",
            ".safelinks.protection.outlook.com",
            "safelinks.protection.office365.us",
            ".safelinks.protection.office365.us",
            "safelinks.protection.apps.mil",
            ".safelinks.protection.apps.mil",
            ".safelinks.protection.partner.outlook.cn",
            "statics.teams.cdn.office.net",
            "outlook.office.com",
        ],
        parameters: &["url"],
    },
    ByParameter { name: "Barracuda", hosts: &["linkprotect.cudasvc.com"], parameters: &["a"] },
    ByParameter {
        name: "FireEye",
        hosts: &["protect2.fireeye.com", "protect.fireeye.com", ".fireeye.com"],
        parameters: &["u"],
    },
    ByParameter { name: "Google", hosts: &["www.google.com", "google.com"], parameters: &["q", "url"] },
    ByParameter { name: "Symantec", hosts: &["clicktime.symantec.com"], parameters: &["u"] },
    ByParameter { name: "Trend Micro", hosts: &[".trendmicro.com"], parameters: &["url"] },
    ByParameter { name: "Check Point", hosts: &[".url-protection.com", "url-protection.com"], parameters: &["o"] },
    ByParameter { name: "Hornetsecurity", hosts: &["atpscan.global.hornetsecurity.com"], parameters: &["u", "url"] },
    ByParameter { name: "Vade", hosts: &[".vadesecure.com"], parameters: &["u"] },
    ByParameter { name: "Libraesva", hosts: &["urlsand.esvalabs.com", ".esvalabs.com"], parameters: &["u"] },
    ByParameter { name: "Trustwave", hosts: &["scanmail.trustwave.com", ".trustwave.com"], parameters: &["u"] },
    ByParameter { name: "EdgePilot", hosts: &["link.edgepilot.com"], parameters: &["u"] },
    ByParameter { name: "Zscaler", hosts: &["gateway.zscaler.net", ".zscaler.net"], parameters: &["origurl"] },
    ByParameter { name: "Sophos", hosts: &[".protection.sophos.com"], parameters: &["u"] },
];

/// Rewriters whose links never say what is behind them, or say it in their path.
const BY_PATH: [(&str, &[&str]); 5] = [
    ("Proofpoint", &["urldefense.proofpoint.com", "urldefense.com", "urldefense.us"]),
    ("Mimecast", &[".mimecast.com", ".mimecastprotect.com"]),
    ("Cisco", &["secure-web.cisco.com"]),
    ("Avanan", &["url.avanan.click", "protect.checkpoint.com"]),
    ("SES", &[".awstrack.me"]),
];

/// What is behind a link, through as many rewriters as it names.
pub fn original(url: &str) -> Original {
    let mut by = None;
    let mut here = url.to_owned();
    for _ in 0..DEPTH_MAX {
        let Some((name, behind)) = one_step(&here) else { break };
        match behind.filter(|behind| is_web(behind)) {
            Some(behind) => (by, here) = (by.or(Some(name)), behind),
            None => return Original::Unknown(name),
        }
    }
    match by {
        Some(name) => Original::Behind(here, name),
        None => Original::Itself(here),
    }
}

fn is_web(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Which rewriter's link it is, if any, and what that says of the original.
fn one_step(url: &str) -> Option<(&'static str, Option<String>)> {
    let parsed = Url::parse(url).ok().filter(|_| url.len() <= URL_MAX)?;
    let host = parsed.host_str()?.to_ascii_lowercase();
    let is_of =
        |hosts: &[&str]| hosts.iter().any(|known| host == *known || (known.starts_with('.') && host.ends_with(known)));
    if let Some((name, _)) = BY_PATH.iter().find(|(_, hosts)| is_of(hosts)) {
        // Its own pages are no rewritten links.
        let begins: &[&str] = match *name {
            "Proofpoint" => &["/v1/", "/v2/", "/v3/"],
            "Mimecast" => &["/s/"],
            "SES" => &["/L0/", "/I0/"],
            "Avanan" => &["/v1/", "/v2/"],
            _ => &["/1"],
        };
        let rewritten = begins.iter().any(|begin| parsed.path().starts_with(begin));
        return rewritten.then(|| (*name, in_path(name, url, &parsed)));
    }
    let rewriter = BY_PARAMETER.iter().find(|rewriter| is_of(rewriter.hosts))?;
    if rewriter.name == "Google" && parsed.path() != "/url" {
        return None;
    }
    let query = raw_query(url)?;
    let value = rewriter.parameters.iter().find_map(|name| parameter(query, name));
    match (value, rewriter.name) {
        (Some(value), "Sophos") => Some((rewriter.name, of_base64(&percent_decoded(value)))),
        (Some(value), name) => Some((name, Some(whole(value)))),
        // Its own pages are no rewritten links.
        (None, "Google" | "Safe Links" | "Trend Micro" | "FireEye") => None,
        (None, name) => Some((name, None)),
    }
}

fn in_path(name: &str, url: &str, parsed: &Url) -> Option<String> {
    let path = parsed.path();
    match name {
        "Proofpoint" if path.starts_with("/v1/") => raw_query(url).and_then(|query| parameter(query, "u")).map(whole),
        "Proofpoint" if path.starts_with("/v2/") => {
            let value = raw_query(url).and_then(|query| parameter(query, "u"))?;
            Some(percent_decoded(&value.replace('-', "%").replace('_', "/")))
        }
        "Proofpoint" => proofpoint_3(url),
        "Cisco" => path.splitn(3, '/').nth(2).map(whole),
        "SES" => path.strip_prefix("/L0/").and_then(|rest| rest.split('/').next()).map(whole),
        "Avanan" => {
            let (_, rest) = url.split_once("___")?;
            let (behind, _) = rest.split_once("___")?;
            let behind = if behind.contains("://") { behind.to_owned() } else { behind.replacen(":/", "://", 1) };
            Some(percent_decoded(&behind.replace('*', "%")))
        }
        _ => None,
    }
}

/// Not decoded: what is in it is decoded once, as it was encoded.
fn raw_query(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    Some(query.split_once('#').map_or(query, |(query, _)| query))
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.trim_start_matches("amp;").split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// A link that was encoded once, or once more.
fn whole(value: &str) -> String {
    let once = percent_decoded(value);
    if once.to_ascii_lowercase().starts_with("http%3a") || once.to_ascii_lowercase().starts_with("https%3a") {
        return percent_decoded(&once);
    }
    once
}

/// Percent codes and nothing else: a plus is one.
/// Without its percent encoding, once.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn of_base64(text: &str) -> Option<String> {
    let text = text.replace('+', "-").replace('/', "_");
    String::from_utf8(ANY_PADDING.decode(text).ok()?).ok()
}

/// The third form: what was no plain character is a star, or two for a run, and stands in base64 behind the link.
fn proofpoint_3(url: &str) -> Option<String> {
    const RUNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (_, rest) = url.split_once("/v3/__")?;
    let (inner, rest) = rest.rsplit_once("__;")?;
    let (codes, _) = rest.split_once('!')?;
    let replaced = ANY_PADDING.decode(codes).ok()?;
    let inner = match inner.split_once(":/") {
        Some((scheme, rest)) if !rest.starts_with('/') => format!("{scheme}://{rest}"),
        Some(_) => inner.to_owned(),
        None => percent_decoded(inner),
    };
    if replaced.is_empty() {
        return Some(inner);
    }
    let (mut bytes, mut out) = (replaced.iter().copied(), Vec::new());
    let mut rest = inner.as_str();
    while let Some(at) = rest.find('*') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let run = rest.strip_prefix('*').and_then(|run| run.chars().next()).and_then(|c| RUNS.find(c));
        let count = match run {
            Some(index) => {
                rest = &rest[2..];
                index + 2
            }
            None => 1,
        };
        for _ in 0..count {
            out.push(bytes.next()?);
        }
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_says_of_the_one_behind_it_is_read() {
        let cases = [
            (
                "https://eur05.safelinks.protection.outlook.com/?url=http%3A%2F%2Fh%3A1%2Fnew-password%2Fa%252Eb%3Fnext%3D%252Fx&data=05&reserved=0",
                "http://h:1/new-password/a%2Eb?next=%2Fx",
            ),
            (
                "https://gcc02.safelinks.protection.office365.us/ap/t-59584e83/?url=https%3A%2F%2Fexample.com%2Fmeet%3Fp%3Dz&amp;data=05",
                "https://example.com/meet?p=z",
            ),
            ("https://urldefense.proofpoint.com/v1/url?u=http://h/a%3Fb%3Dc&k=1", "http://h/a?b=c"),
            (
                "https://urldefense.proofpoint.com/v2/url?u=https-3A__media.mnn.com_assets_jupiter-2Dnasa.jpg.638x0-5Fq80&d=x&c=y",
                "https://media.mnn.com/assets/jupiter-nasa.jpg.638x0_q80",
            ),
            (
                "https://urldefense.com/v3/__https://google.com:443/search?q=a*test&gs=ps__;Kw!-612Flbf0JvQ3kNJkRi5Jg!Ue6$",
                "https://google.com:443/search?q=a+test&gs=ps",
            ),
            (
                "https://urldefense.us/v3/__http://www.example.com/**Dtest__;IyMjIyM!!abc!def$",
                "http://www.example.com/#####test",
            ),
            (
                "https://urldefense.com/v3/__http://www.example.com/**Aa*.html__;w60j!!foo!bar$",
                "http://www.example.com/ía#.html",
            ),
            (
                "https://urldefense.com/v3/__http:/h/new-password/a.b?next=c__;!!x!y$",
                "http://h/new-password/a.b?next=c",
            ),
            ("https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fh%2fx&c=E,1&typo=1", "https://h/x"),
            ("https://secure-web.cisco.com/1abc/https%3A%2F%2Fh%2Fx%3Fy%3Dz", "https://h/x?y=z"),
            ("https://eu-west-1.protection.sophos.com/?d=h&u=aHR0cHM6Ly9oL3g=&p=m", "https://h/x"),
            ("https://url.avanan.click/v2/___https://h/x?y=z___.YXAz", "https://h/x?y=z"),
            (
                "https://imsva-ctp.trendmicro.com:443/wis/clicktime/v1/query?url=https%3A%2F%2Fh%2Fx&umid=1",
                "https://h/x",
            ),
            // One in another.
            (
                "https://www.google.com/url?q=https%3A%2F%2Furldefense.com%2Fv3%2F__http%3A%2F%2Fh%2Fx__%3B%21%21a%21b%24",
                "http://h/x",
            ),
        ];
        for (link, behind) in cases {
            let Original::Behind(url, _) = original(link) else { panic!("{link}: {:?}", original(link)) };
            assert_eq!(url, behind, "{link}");
        }
    }

    #[test]
    fn what_says_nothing_is_known_to_be_rewritten() {
        for link in [
            "https://protect-us.mimecast.com/s/AbCd?domain=h",
            "https://linkprotect.cudasvc.com/url?c=E",
            "https://urldefense.com/v3/__http://h/**Bx__;Kw!!",
            "https://secure-web.cisco.com/1abc",
        ] {
            assert!(matches!(original(link), Original::Unknown(_)), "{link}: {:?}", original(link));
        }
        for link in [
            "http://h/new-password/a?url=http%3A%2F%2Fx",
            "https://www.google.com/",
            "https://notsafelinks.protection.outlook.com.example/?url=http%3A%2F%2Fh",
            "x",
        ] {
            assert_eq!(original(link), Original::Itself(link.to_owned()));
        }
    }
}
