//! The columns of a table of keys: those of API Gateway's files of API keys (its Developer
//! Guide, "API Gateway API key file format") and Latchkey's own. A table is read by its header
//! row, in any order and any case; a column that is not known is refused, since its cells were
//! meant to matter.

use crate::faults::{Fault, Faults, shown};

/// What a column tells of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    Key,
    Description,
    Enabled,
    UsagePlanIds,
    Id,
    Prefix,
    Last4,
    Sha256,
    CustomerId,
    NotBefore,
    ExpiresAt,
    AllowedIps,
    Routes,
    Metadata,
    NativeValue,
}

impl Column {
    const ALL: [Self; 16] = [
        Self::Name,
        Self::Key,
        Self::Description,
        Self::Enabled,
        Self::UsagePlanIds,
        Self::Id,
        Self::Prefix,
        Self::Last4,
        Self::Sha256,
        Self::CustomerId,
        Self::NotBefore,
        Self::ExpiresAt,
        Self::AllowedIps,
        Self::Routes,
        Self::Metadata,
        Self::NativeValue,
    ];

    /// Its name, as API Gateway's own example writes it, or as in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Key => "key",
            Self::Enabled => "Enabled",
            Self::UsagePlanIds => "usageplanIds",
            Self::Description => "description",
            Self::Id => "id",
            Self::Prefix => "prefix",
            Self::Last4 => "last4",
            Self::Sha256 => "sha256",
            Self::CustomerId => "customerId",
            Self::NotBefore => "notBefore",
            Self::ExpiresAt => "expiresAt",
            Self::AllowedIps => "allowedIps",
            Self::Routes => "routes",
            Self::Metadata => "metadata",
            Self::NativeValue => "nativeValue",
        }
    }

    /// The name of the same field in the body of `POST /v1/keys`.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Enabled => "enabled",
            Self::UsagePlanIds => "planIds",
            other => other.name(),
        }
    }

    /// The column of a field of `POST /v1/keys`.
    pub(super) fn of_field(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.field() == field)
    }

    fn named(name: &str) -> Option<Self> {
        let is = |column: &Self| column.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is)
    }

    /// Reads a header row, which is line 1.
    ///
    /// # Errors
    /// Each column that is not known, and each that comes twice.
    pub(super) fn read_all<'a>(header: impl Iterator<Item = &'a str>) -> Result<Vec<Self>, Faults> {
        let mut columns = Vec::new();
        let mut faults = Faults::default();
        for name in header {
            match Self::named(name) {
                Some(column) if columns.contains(&column) => {
                    let twice = Some(column.name().to_owned());
                    faults.push(Fault::line(1, twice, "is named twice"));
                }
                Some(column) => columns.push(column),
                None => faults.push(Fault::line(1, Some(shown(name)), unknown(name))),
            }
        }
        faults.or(columns)
    }
}

/// What is said of a column that is not known.
fn unknown(name: &str) -> String {
    const INSTEAD: [(&str, &str); 3] = [
        ("value", "is called key here, as in API Gateway's files"),
        (
            "planIds",
            "is called usageplanIds here, as in API Gateway's files",
        ),
        ("", "has no name: give each column one, or take it out"),
    ];
    let instead = INSTEAD
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    if let Some((_, instead)) = instead {
        return (*instead).to_owned();
    }
    if name.contains([';', '\t']) {
        return "must be names with commas between them".to_owned();
    }
    let known: Vec<&str> = Column::ALL.map(Column::name).to_vec();
    format!("unknown column; known here: {}", known.join(", "))
}
