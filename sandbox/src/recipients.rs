//! A list of recipients: what is in it, and what is wrong with it, in the order in which the real service says so.

use std::collections::BTreeMap;

use crate::db::{Template, same_column};

const ROWS_MAX: usize = 100_000;

/// A file that could be read.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub columns: Vec<String>,
    pub lines: Vec<Vec<String>>,
    recipient: usize,
    is_sms: bool,
}

/// What is wrong with a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bad {
    Unreadable,
    NoRows { missing: Vec<String> },
    NoRecipientColumn { columns: Vec<String> },
    DoubledColumn,
    MissingColumns { missing: Vec<String> },
    TooManyRows { count: usize },
}

/// The first column's name for a kind of template.
pub(crate) fn recipient_column(is_sms: bool) -> &'static str {
    if is_sms { "phone number" } else { "email address" }
}

impl File {
    /// Reads a file for a template.
    pub(crate) fn read(csv: &str, template: &Template) -> Result<Self, Bad> {
        let is_sms = template.kind == "sms";
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(csv.as_bytes());
        let mut lines: Vec<Vec<String>> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|_| Bad::Unreadable)?;
            let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                lines.push(cells);
            }
        }
        let columns = if lines.is_empty() { Vec::new() } else { lines.remove(0) };
        if lines.len() > ROWS_MAX {
            return Err(Bad::TooManyRows { count: lines.len() });
        }
        let wanted = recipient_column(is_sms);
        let found: Vec<usize> =
            columns.iter().enumerate().filter(|(_, name)| same_column(name, wanted)).map(|(at, _)| at).collect();
        let has = |name: &String| columns.iter().any(|column| same_column(column, name));
        let missing: Vec<String> = template.placeholders().into_iter().filter(|name| !has(name)).collect();
        if lines.is_empty() {
            return Err(Bad::NoRows { missing });
        }
        let recipient = match found.as_slice() {
            [] => return Err(Bad::NoRecipientColumn { columns }),
            [only] => *only,
            _ => return Err(Bad::DoubledColumn),
        };
        if !missing.is_empty() {
            return Err(Bad::MissingColumns { missing });
        }
        Ok(Self { columns, lines, recipient, is_sms })
    }

    /// Each row's values by column.
    pub(crate) fn rows(&self) -> Vec<BTreeMap<String, String>> {
        let cell = |line: &Vec<String>, at: usize| line.get(at).cloned().unwrap_or_default();
        let row = |line: &Vec<String>| {
            self.columns.iter().enumerate().map(|(at, name)| (name.clone(), cell(line, at))).collect()
        };
        self.lines.iter().map(row).collect()
    }

    /// Who gets a row; nobody, where it names none.
    pub(crate) fn recipient_of(&self, row: &BTreeMap<String, String>) -> Option<String> {
        let cell = row.get(self.columns.get(self.recipient)?)?;
        if self.is_sms { e164(cell).ok() } else { Some(cell.clone()).filter(|address| is_address(address)) }
    }

    /// What is wrong with single cells: row, column and note.
    pub(crate) fn notes(&self, template: &Template) -> Vec<(usize, usize, &'static str)> {
        let mut notes = Vec::new();
        let needed = template.placeholders();
        for (number, line) in self.lines.iter().enumerate() {
            for (at, name) in self.columns.iter().enumerate() {
                let cell = line.get(at).map_or("", String::as_str);
                let needed = at == self.recipient || needed.iter().any(|placeholder| same_column(placeholder, name));
                let note = match cell {
                    "" if needed => Some("Missing"),
                    _ if at != self.recipient => None,
                    number if self.is_sms => e164(number).err(),
                    address if !is_address(address) => Some("Not a valid email address"),
                    _ => None,
                };
                notes.extend(note.map(|note| (number, at, note)));
            }
        }
        notes
    }

    /// Which column names the recipient.
    pub(crate) fn recipient_at(&self) -> usize {
        self.recipient
    }
}

/// A US number in E.164, or what is wrong with it.
fn e164(text: &str) -> Result<String, &'static str> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.chars().any(char::is_alphabetic) {
        return Err("Must not contain letters or symbols");
    }
    let national = if digits.len() == 11 { digits.strip_prefix('1').unwrap_or(&digits) } else { &digits };
    match national.len() {
        10 => Ok(format!("+1{national}")),
        length if length < 10 => Err("Not enough digits"),
        _ => Err("Too many digits"),
    }
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        Template {
            id: String::new(),
            name: String::new(),
            kind: "sms".to_owned(),
            subject: None,
            content: "Hi ((name))".to_owned(),
            version: 1,
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let bad = |csv: &str| File::read(csv, &template()).err();
        assert_eq!(bad(""), Some(Bad::NoRows { missing: vec!["name".to_owned()] }));
        assert_eq!(bad("phone number,name\n"), Some(Bad::NoRows { missing: Vec::new() }));
        assert_eq!(bad("name\nx\n"), Some(Bad::NoRecipientColumn { columns: vec!["name".to_owned()] }));
        assert_eq!(bad("phone number,Phone Number,name\n1,2,3\n"), Some(Bad::DoubledColumn));
        assert_eq!(bad("phone number\n1\n"), Some(Bad::MissingColumns { missing: vec!["name".to_owned()] }));
        let file = File::read("Phone number,NAME\n(202) 555-0123,\n2025550,x\n", &template()).expect("a file");
        assert_eq!(file.notes(&template()), [(0, 1, "Missing"), (1, 0, "Not enough digits")]);
        assert_eq!(file.recipient_of(&file.rows()[0]).as_deref(), Some("+12025550123"));
    }
}
