//! What the check page says of a file that is no good; the first thing that is wrong wins, in the real service's order.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::super::Admin;
use super::pages::sorry;
use crate::db::{SMOKE_SERVICE_ID, Template};
use crate::recipients::{Bad, File, recipient_column};

/// What is wrong with a file.
pub(super) struct Trouble {
    pub heading: String,
    pub sentences: Vec<String>,
    /// Whether the sentences are a list of what to do.
    pub is_list: bool,
    pub file: Option<File>,
    /// Row, column and note of single cells.
    pub notes: Vec<(usize, usize, &'static str)>,
}

fn of_file(heading: impl Into<String>, sentences: Vec<String>) -> Trouble {
    Trouble { heading: heading.into(), sentences, is_list: false, file: None, notes: Vec::new() }
}

/// ‘a’, ‘b’ and ‘c’.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("‘{name}’")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "a column called ‘a’", "columns called ‘a’ and ‘b’".
fn columns_called(names: &[String]) -> String {
    if names.len() == 1 {
        format!("a column called {}", listed(names))
    } else {
        format!("columns called {}", listed(names))
    }
}

/// The file, if it can be sent; else what is wrong with it; or the answer where that cannot be found out.
pub(super) async fn trouble(
    admin: &Admin,
    template: &Template,
    name: &str,
    csv: &str,
) -> Result<Result<File, Trouble>, Response> {
    let is_sms = template.kind == "sms";
    let file = match File::read(csv, template) {
        Ok(file) => file,
        Err(bad) => return Ok(Err(of_bad(&bad, is_sms))),
    };
    if asked(admin, &sent_today(template, name), "sent").await? {
        let text = "If you need to resend them, rename the file and upload it again.".to_owned();
        return Ok(Err(of_file("These messages have already been sent today", vec![text])));
    }
    let notes = file.notes(template);
    if !notes.is_empty() {
        return Ok(Err(of_rows(name, file, notes, is_sms)));
    }
    let limits = answer(admin, &format!("/service/{SMOKE_SERVICE_ID}/limits")).await?;
    let restricted = limits["restricted"] == true;
    if restricted {
        for row in file.rows() {
            let to = file.recipient_of(&row).unwrap_or_default();
            let path = format!("/service/{SMOKE_SERVICE_ID}/team/{}", to.replace('+', "%2B"));
            if !asked(admin, &path, "member").await? {
                return Ok(Err(stranger(file, is_sms)));
            }
        }
    }
    let limit = usize::try_from(limits["message_limit"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    if file.lines.len() > limit {
        let mode = if restricted { " in trial mode" } else { "" };
        let what = if is_sms { "phone numbers" } else { "email addresses" };
        let sentences = vec![
            format!("You can only send {limit} messages per day{mode}."),
            format!("‘{name}’ contains {} {what}.", file.lines.len()),
        ];
        return Ok(Err(of_file("Too many recipients", sentences)));
    }
    Ok(Ok(file))
}

fn sent_today(template: &Template, name: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("template", &template.id)
        .append_pair("file", name)
        .finish();
    format!("/service/{SMOKE_SERVICE_ID}/sent-today?{query}")
}

async fn answer(admin: &Admin, path: &str) -> Result<Value, Response> {
    let failed = || sorry(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = admin.api.get(path).await.ok_or_else(failed)?;
    answer.error_for_status().map_err(|_| failed())?.json().await.map_err(|_| failed())
}

async fn asked(admin: &Admin, path: &str, field: &str) -> Result<bool, Response> {
    Ok(answer(admin, path).await?[field] == true)
}

fn of_bad(bad: &Bad, is_sms: bool) -> Trouble {
    let wanted = recipient_column(is_sms);
    match bad {
        Bad::Unreadable => of_file("There’s a problem with your column names", Vec::new()),
        Bad::TooManyRows { count } => of_file(
            "Your file has too many rows",
            vec![format!("Notify can process up to 100,000 rows at once. Your file has {count} rows.")],
        ),
        Bad::NoRows { missing } if missing.is_empty() => {
            of_file("Your file is missing some rows", vec!["It needs at least one row of data.".to_owned()])
        }
        Bad::NoRows { missing } => {
            let mut names = missing.clone();
            names.sort();
            let text = format!("It needs at least one row of data, and {}.", columns_called(&names));
            of_file("Your file is missing some rows", vec![text])
        }
        Bad::NoRecipientColumn { columns } => {
            let has = match columns.len() {
                1 => format!("Right now it has one column, called {}.", listed(columns)),
                _ => format!("Right now it has {}.", columns_called(columns)),
            };
            let needs = format!("Your file needs a column called ‘{wanted}’.");
            of_file("There’s a problem with your column names", vec![needs, has])
        }
        Bad::DoubledColumn => of_file(
            "There’s a problem with your column names",
            vec![
                format!("We found more than one column called ‘{wanted}’."),
                "Delete or rename one of these columns and try again.".to_owned(),
            ],
        ),
        Bad::MissingColumns { missing } => of_file(
            "Your column names need to match the double brackets in your template",
            vec![format!("Your file is missing {}.", columns_called(missing))],
        ),
    }
}

fn of_rows(name: &str, file: File, notes: Vec<(usize, usize, &'static str)>, is_sms: bool) -> Trouble {
    let wrong = notes.iter().filter(|(_, at, note)| *at == file.recipient_at() && *note != "Missing").count();
    let mut incomplete: Vec<usize> =
        notes.iter().filter(|(_, _, note)| *note == "Missing").map(|(row, _, _)| *row).collect();
    incomplete.dedup();
    let recipient = if is_sms { ("phone number", "phone numbers") } else { ("email address", "email addresses") };
    let counted = |count: usize, (one, many): (&str, &str)| format!("{count} {}", if count == 1 { one } else { many });
    let mut todo = Vec::new();
    if wrong > 0 {
        todo.push(format!("fix {}", counted(wrong, recipient)));
    }
    if !incomplete.is_empty() {
        todo.push(format!("enter missing data in {}", counted(incomplete.len(), ("row", "rows"))));
    }
    let is_list = todo.len() > 1;
    let heading = if is_list {
        format!("There are some problems with {name}")
    } else {
        format!("There’s a problem with {name}")
    };
    let sentences = if is_list { todo } else { todo.iter().map(|item| format!("You need to {item}.")).collect() };
    Trouble { heading, sentences, is_list, file: Some(file), notes }
}

fn stranger(file: File, is_sms: bool) -> Trouble {
    let what = match (is_sms, file.lines.len()) {
        (true, 1) => "this phone number",
        (true, _) => "these phone numbers",
        (false, 1) => "this email address",
        (false, _) => "these email addresses",
    };
    let text = "In trial mode you can only send to yourself and members of your team".to_owned();
    let mut trouble = of_file(format!("You cannot send to {what}"), vec![text]);
    trouble.file = Some(file);
    trouble
}
