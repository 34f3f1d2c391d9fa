//! A field with its label, its hint and what is wrong with it.

use askama::{Template, filters::HtmlSafe};

use super::form::Form;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Line,
    Area,
    Secret,
}

/// A field of a form.
#[derive(Template)]
#[template(path = "console/field.html")]
pub(super) struct Field {
    kind: Kind,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    errors: Vec<String>,
    required: bool,
    numeric: bool,
    /// The id of a `datalist` that proposes values.
    list: Option<&'static str>,
}

/// Its template escapes what is in it.
impl HtmlSafe for Field {}

impl Field {
    fn of(
        form: &Form,
        kind: Kind,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Self {
        let value = match kind {
            Kind::Secret => String::new(),
            Kind::Line | Kind::Area => form.text(name).to_owned(),
        };
        let errors = form.errors(name);
        Self {
            kind,
            name,
            label,
            hint,
            value,
            errors: errors.into_iter().map(str::to_owned).collect(),
            required: false,
            numeric: false,
            list: None,
        }
    }

    pub(super) fn line(
        form: &Form,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Self {
        Self::of(form, Kind::Line, name, label, hint)
    }

    pub(super) fn area(
        form: &Form,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Self {
        Self::of(form, Kind::Area, name, label, hint)
    }

    pub(super) fn secret(
        form: &Form,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Self {
        Self::of(form, Kind::Secret, name, label, hint)
    }

    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    pub(super) fn proposed(mut self, list: &'static str) -> Self {
        self.list = Some(list);
        self
    }

    /// What the field is described by: ids of its hint and its errors.
    fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.name));
        }
        if !self.errors.is_empty() {
            ids.push(format!("{}-wrong", self.name));
        }
        ids.join(" ")
    }
}
