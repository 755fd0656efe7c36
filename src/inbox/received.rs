//! What the receiving side itself says of a mail: whether it was signed and sent as its sender wants it, spam, a virus.

/// The header in which the receiving side says so, by RFC 8601.
const RESULTS: &str = "Authentication-Results";
/// Verdicts of SES, as it writes them above a mail that it has received.
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html>.
const VERDICTS: [(&str, &str); 2] = [("X-SES-Spam-Verdict", "spam"), ("X-SES-Virus-Verdict", "virus")];

/// The checks that a mail has failed, by its headers from the top: each server writes its own above what it got.
pub(super) fn failed_checks<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> Vec<String> {
    let mut results: Option<&str> = None;
    let mut failed = Vec::new();
    for (name, value) in headers {
        if name.eq_ignore_ascii_case(RESULTS) {
            // What is below the topmost one may be anybody's.
            results.get_or_insert(value);
        }
        for (header, what) in VERDICTS {
            if name.eq_ignore_ascii_case(header) && value.trim().eq_ignore_ascii_case("fail") {
                failed.push(format!("{what} check"));
            }
        }
    }
    failed.extend(results.map(failed_methods).unwrap_or_default());
    failed
}

/// What of `Authentication-Results` says that receivers will not trust the mail. DMARC decides where it is told: it asks for
/// one of SPF and DKIM.
pub(super) fn failed_methods(results: &str) -> Vec<String> {
    let results = without_comments(results).to_lowercase();
    let told: Vec<(&str, &str)> = results
        .split(';')
        .filter_map(|clause| {
            let (method, rest) = clause.trim().split_once('=')?;
            let result = rest.split_whitespace().next()?;
            Some((method.trim().split('/').next().unwrap_or(method), result))
        })
        .filter(|(method, _)| matches!(*method, "spf" | "dkim" | "dmarc"))
        .collect();
    let says = |method: &str, result: &str| told.contains(&(method, result));
    if says("dmarc", "pass") {
        return Vec::new();
    }
    let is_failure = |(method, result): &(&str, &str)| match *method {
        // One of several signatures is enough.
        "dkim" => matches!(*result, "fail" | "permerror" | "policy") && !says("dkim", "pass"),
        "spf" => *result == "fail",
        _ => matches!(*result, "fail" | "permerror"),
    };
    let mut failed: Vec<String> =
        told.iter().filter(|told| is_failure(told)).map(|(method, result)| format!("{method}={result}")).collect();
    failed.dedup();
    failed
}

/// Comments stand in brackets, also in one another, and name other domains.
fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_SES: &str = "amazonses.com;\r\n spf=pass (spfCheck: domain of x.gov designates 192.0.2.1 as permitted sender) \
        client-ip=192.0.2.1; envelope-from=a@x.gov; helo=m.x.gov;\r\n dkim=pass header.i=@x.gov;\r\n dmarc=pass header.from=x.gov;";

    #[test]
    fn a_mail_that_is_trusted_has_failed_nothing() {
        let cases = [
            BY_SES.to_owned(),
            BY_SES.replace("spf=pass", "spf=softfail"),
            BY_SES.replace("dkim=pass header.i=@x.gov", "dkim=fail header.i=@y; dkim=pass header.i=@x.gov"),
            "mx.x.gov; dkim=none; spf=neutral (dmarc=fail)".to_owned(),
            "mx.x.gov; dmarc=temperror; spf=temperror".to_owned(),
            String::new(),
        ];
        for results in cases {
            assert_eq!(failed_methods(&results), Vec::<String>::new(), "{results}");
        }
    }

    #[test]
    fn what_receivers_will_not_trust_is_told() {
        let cases = [
            (
                "amazonses.com; spf=fail; dkim=fail header.i=@x; dmarc=fail header.from=x",
                "spf=fail dkim=fail dmarc=fail",
            ),
            ("mx; dkim/1=permerror", "dkim=permerror"),
            ("mx; SPF=Fail; DKIM=pass", "spf=fail"),
        ];
        for (results, failed) in cases {
            assert_eq!(failed_methods(results).join(" "), failed, "{results}");
        }
        let headers = [
            ("X-SES-Spam-Verdict", " FAIL\r\n"),
            ("x-ses-virus-verdict", "PASS"),
            ("Authentication-Results", "mx.own; dmarc=pass"),
            ("Authentication-Results", "mx.forged; dmarc=fail"),
        ];
        assert_eq!(failed_checks(headers.into_iter()), ["spam check"]);
    }
}
