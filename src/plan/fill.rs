//! Words with holes: what is public and known is filled in; the run's token stays a hole, secrets too.

use std::collections::BTreeMap;

use crate::model::{
    Act, Attachment, Expectation, MessageKind, PageExpectation, RowsExpectation, Target, Template, TextExpectation,
};

/// Fills for one environment.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub target: &'a Target,
}

impl Words<'_> {
    /// Fills what is public and known.
    pub(super) fn fill(self, template: &Template) -> Template {
        template.filled(&|name| self.value(name))
    }

    fn value(self, name: &str) -> Option<String> {
        let template = |kind| self.target.templates.get(&kind);
        match name {
            "user.email" => Some(self.target.user_email.clone()),
            "user.second-email" => {
                self.target.user_second_email.clone().or_else(|| Some(self.target.user_email.clone()))
            }
            "user.mobile" => Some(self.target.user_mobile.clone()),
            "template.email.name" => template(MessageKind::Email).map(|template| template.name.clone()),
            "template.email.text" => template(MessageKind::Email).map(|template| template.text.clone()),
            "template.sms.name" => template(MessageKind::Sms).map(|template| template.name.clone()),
            "template.sms.text" => template(MessageKind::Sms).map(|template| template.text.clone()),
            _ => None,
        }
    }

    pub(super) fn act(self, act: &Act) -> Act {
        match act {
            Act::Visit(path) => Act::Visit(self.fill(path)),
            Act::Fill(fields) => {
                Act::Fill(fields.iter().map(|(label, value)| (label.clone(), self.fill(value))).collect())
            }
            Act::Press(button) => Act::Press(button.clone()),
            Act::Follow(link) => Act::Follow(self.fill(link)),
            Act::Attach(attachment) => Act::Attach(Attachment {
                field: attachment.field.clone(),
                file: self.fill(&attachment.file),
                template: attachment.template,
                columns: attachment.columns.clone(),
                rows: attachment.rows.iter().map(|row| row.iter().map(|cell| self.fill(cell)).collect()).collect(),
            }),
            Act::Schedule => Act::Schedule,
        }
    }

    /// The expectation with its words; `list` is what was attached before it.
    pub(super) fn expectation(
        self,
        expectation: &Expectation,
        list: Option<&Attachment>,
    ) -> Result<Expectation, String> {
        Ok(match expectation {
            Expectation::Page(page) => Expectation::Page(self.page(page, list)?),
            Expectation::Email(email) => {
                let mut email = email.clone();
                email.to = self.fill(&email.to);
                email.subject = self.fill(&email.subject);
                Expectation::Email(email)
            }
            Expectation::Text(text) => Expectation::Text(TextExpectation { to: self.fill(&text.to), ..text.clone() }),
            Expectation::Rows(rows) => Expectation::Rows(self.rows(rows, list)?),
            Expectation::Job => Expectation::Job,
        })
    }

    fn page(self, page: &PageExpectation, list: Option<&Attachment>) -> Result<PageExpectation, String> {
        let word = |template: &Option<Template>| template.as_ref().map(|template| self.fill(template));
        let table = if page.table.is_empty() { Vec::new() } else { table(attached(list)?) };
        Ok(PageExpectation {
            heading: word(&page.heading),
            field: word(&page.field),
            button: word(&page.button),
            link: word(&page.link),
            text: word(&page.text),
            table,
            time: page.time,
        })
    }

    fn rows(self, rows: &RowsExpectation, list: Option<&Attachment>) -> Result<RowsExpectation, String> {
        let list = attached(list)?;
        let Some(template) = self.target.templates.get(&list.template) else {
            return Err("A list is sent with a template that the environment does not have: add it under `templates`."
                .to_owned());
        };
        let is_sms = list.template == MessageKind::Sms;
        let (to, from) = if is_sms {
            (self.target.user_mobile.clone(), self.target.sms_sender.clone())
        } else {
            (self.target.user_email.clone(), template.sender.clone())
        };
        let message = |text: &str| list.rows.iter().map(|row| merged(text, &values(list, row))).collect();
        let each = recipients(list, is_sms);
        let differ = each.iter().any(|one| *one != each[0]);
        Ok(RowsExpectation {
            need: rows.need,
            kind: list.template,
            to: Template::literal(to),
            each: if differ { each } else { Vec::new() },
            from,
            subjects: if is_sms { Vec::new() } else { message(&template.subject) },
            texts: message(&template.text),
            brand: template.brand.as_ref().filter(|_| !is_sms).map(Template::literal),
            footer: template.footer.as_ref().filter(|_| !is_sms).map(Template::literal),
        })
    }
}

fn attached(list: Option<&Attachment>) -> Result<&Attachment, String> {
    list.ok_or_else(|| "Rows are expected before a list was attached: put an `attach` before it.".to_owned())
}

fn table(list: &Attachment) -> Vec<Vec<Template>> {
    let head = list.columns.iter().map(Template::literal).collect();
    std::iter::once(head).chain(list.rows.iter().cloned()).collect()
}

/// The recipient of each row, by the column that the service takes it from.
fn recipients(list: &Attachment, is_sms: bool) -> Vec<Template> {
    let wanted = if is_sms { "phonenumber" } else { "emailaddress" };
    let column = list.columns.iter().position(|name| folded(name) == wanted);
    column.map(|at| list.rows.iter().filter_map(|row| row.get(at).cloned()).collect()).unwrap_or_default()
}

/// A column's name as the service compares it: without case and without what stands between words.
fn folded(name: &str) -> String {
    name.to_lowercase().replace([' ', '_', '-'], "")
}

fn values<'a>(list: &'a Attachment, row: &'a [Template]) -> BTreeMap<&'a str, &'a Template> {
    list.columns.iter().map(String::as_str).zip(row).collect()
}

/// A message with each `((name))` replaced by a row's value, which may have holes of its own.
fn merged(text: &str, values: &BTreeMap<&str, &Template>) -> Template {
    let mut pieces = text.split("((");
    let mut parts = Template::literal(pieces.next().unwrap_or_default()).0;
    for piece in pieces {
        let (name, rest) = piece.split_once("))").unwrap_or((piece, ""));
        let value = values.iter().find(|(column, _)| folded(column) == folded(name));
        parts.extend(value.map(|(_, value)| value.0.clone()).unwrap_or_default());
        parts.extend(Template::literal(rest).0);
    }
    Template(parts)
}
