//! Rules as a page for browsers: complete in itself, without scripts, and with everything from the rules escaped.

use std::fmt::Write as _;

use dragnet_rules::Threat;

use super::{Sheet, facts, guide};
use crate::style::markup;

/// Colours for light and dark, and for paper.
const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1d2129;--dim:#5c6470;--line:#d9dde3;--back:#fff;--box:#f5f6f8;--link:#0b5cad;\
--low:#2f7d8c;--medium:#9a6a00;--high:#b3261e;--critical:#8b1a86}\
@media(prefers-color-scheme:dark){:root{--text:#e4e7ec;--dim:#9aa3af;--line:#353b45;--back:#16191e;--box:#20242b;\
--link:#79b8ff;--low:#6cc3d5;--medium:#e3b341;--high:#ff7b72;--critical:#e28de0}}\
*{box-sizing:border-box}\
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:62rem;background:var(--back);color:var(--text);\
font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}\
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .5rem}\
h2{font-size:1.2rem;margin:2rem 0 .5rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}\
h3,h4,h5{font-size:1rem;margin:1.25rem 0 .25rem}\
a{color:var(--link)}.dim{color:var(--dim)}.place{font-size:.85rem}\
article+article{margin-top:4rem;padding-top:2rem;border-top:3px double var(--line)}\
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.35rem 1.25rem;margin:1.5rem 0}\
dt{color:var(--dim)}dd{margin:0}dd div+div{margin-top:.15rem}\
.tag{display:inline-block;margin:0 .3rem .3rem 0;padding:0 .5rem;border:1px solid var(--line);border-radius:.7rem;\
font-size:.87rem}\
.severity{font-weight:600}.low{color:var(--low)}.medium{color:var(--medium)}.high{color:var(--high)}\
.critical{color:var(--critical)}\
pre,code{font:.88rem/1.5 ui-monospace,monospace}code{background:var(--box);padding:0 .2rem;border-radius:.2rem}\
pre{background:var(--box);border:1px solid var(--line);border-radius:.4rem;padding:.9rem 1rem;margin:.5rem 0;\
white-space:pre-wrap}pre code{padding:0;background:none}\
ul{padding-left:1.4rem;margin:.4rem 0}\
@media print{body{max-width:none;padding:0;font-size:10pt;background:#fff;color:#000}nav{display:none}\
pre{border-color:#999;background:none}article+article{break-before:page;border:0;margin:0;padding:0}\
h2,h3,h4{break-after:avoid}a{color:inherit}}";

/// The page of all these rules.
pub(super) fn page(sheets: &[Sheet<'_>]) -> String {
    let title = match sheets {
        [one] => one.rule().name.clone(),
        many => format!("{} detection rules", many.len()),
    };
    let mut out =
        String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    // Whatever a rule says, nothing is loaded or run.
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\">\n");
    out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    let _ =
        writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>", markup(&title));
    if sheets.len() > 1 {
        let _ = writeln!(out, "<nav>\n<h1>{}</h1>\n<ul>", markup(&title));
        for (number, sheet) in sheets.iter().enumerate() {
            let name = markup(&sheet.rule().name);
            let _ = writeln!(out, "<li><a href=\"#rule-{}\">{name}</a></li>", number + 1);
        }
        out.push_str("</ul>\n</nav>\n");
    }
    for (number, sheet) in sheets.iter().enumerate() {
        article(&mut out, sheet, number + 1);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn article(out: &mut String, sheet: &Sheet<'_>, number: usize) {
    let rule = sheet.rule();
    let origin = &sheet.document.origin;
    let _ = writeln!(out, "<article id=\"rule-{number}\">\n<h1>{}</h1>", markup(&rule.name));
    let place = markup(&format!("{}:{}", origin.path, origin.line));
    let _ = writeln!(out, "<p class=\"dim place\">{place}</p>");
    out.push_str(&guide::html(&rule.description));
    table(out, sheet);
    attack(out, &rule.threat);
    if !rule.query.trim().is_empty() {
        let language = rule.language.as_deref().unwrap_or_default();
        let _ = writeln!(out, "<h2>Query <span class=\"dim\">{}</span></h2>", markup(language));
        let _ = writeln!(out, "<pre><code>{}</code></pre>", markup(rule.query.trim_matches('\n')));
    }
    if !rule.false_positives.is_empty() {
        out.push_str("<h2>False positives</h2>\n<ul>\n");
        for item in &rule.false_positives {
            let _ = writeln!(out, "<li>{}</li>", guide::inline(item.trim()));
        }
        out.push_str("</ul>\n");
    }
    for (title, text) in [("Guide", rule.note()), ("Setup", rule.setup())] {
        let text = text.unwrap_or_default();
        if !text.trim().is_empty() {
            let _ = writeln!(out, "<h2>{title}</h2>\n{}", guide::html(text));
        }
    }
    out.push_str("</article>\n");
}

fn table(out: &mut String, sheet: &Sheet<'_>) {
    let rule = sheet.rule();
    out.push_str("<dl>\n");
    let severity = rule.severity.name();
    let _ = writeln!(
        out,
        "<dt>Severity</dt><dd><span class=\"severity {severity}\">{severity}</span>, risk score {}</dd>",
        rule.risk_score
    );
    for (label, lines) in facts(sheet) {
        let _ = write!(out, "<dt>{}</dt><dd>", markup(label));
        for line in lines {
            let _ = write!(out, "<div>{}</div>", markup(&line));
        }
        out.push_str("</dd>\n");
    }
    if !rule.tags.is_empty() {
        let tag = |tag: &String| format!("<span class=\"tag\">{}</span>", markup(tag));
        let tags: Vec<String> = rule.tags.iter().map(tag).collect();
        let _ = writeln!(out, "<dt>Tags</dt><dd>{}</dd>", tags.concat());
    }
    if !rule.references.is_empty() {
        let links: Vec<String> =
            rule.references.iter().map(|one| format!("<div>{}</div>", link(one, one))).collect();
        let _ = writeln!(out, "<dt>References</dt><dd>{}</dd>", links.concat());
    }
    out.push_str("</dl>\n");
}

fn attack(out: &mut String, threats: &[Threat]) {
    if threats.is_empty() {
        return;
    }
    out.push_str("<h2>MITRE ATT&amp;CK</h2>\n<ul>\n");
    let entry =
        |id: &str, name: &str, reference: &str| format!("{} {}", link(id, reference), markup(name));
    for threat in threats {
        let tactic = &threat.tactic;
        let _ = write!(out, "<li>{}", entry(&tactic.id, &tactic.name, &tactic.reference));
        let mut inner = String::new();
        for one in &threat.technique {
            let _ = write!(inner, "<li>{}", entry(&one.id, &one.name, &one.reference));
            let subs = one.subtechnique.iter();
            let subs: Vec<String> = subs
                .map(|sub| format!("<li>{}</li>", entry(&sub.id, &sub.name, &sub.reference)))
                .collect();
            if !subs.is_empty() {
                let _ = write!(inner, "<ul>{}</ul>", subs.concat());
            }
            inner.push_str("</li>");
        }
        if !inner.is_empty() {
            let _ = write!(out, "<ul>{inner}</ul>");
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
}

/// A link, if the address is one of the web; else the text alone.
pub(super) fn link(text: &str, address: &str) -> String {
    let address = address.trim();
    let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        format!("<a href=\"{}\" rel=\"noreferrer\">{}</a>", markup(address), markup(text))
    } else {
        markup(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_is_linked() {
        assert_eq!(link("x", "javascript:alert(1)"), "x");
        assert_eq!(
            link("x", "https://a.example/?a=1&b=\"2"),
            "<a href=\"https://a.example/?a=1&amp;b=&quot;2\" rel=\"noreferrer\">x</a>"
        );
    }
}
