//! Reads template.yaml for tests that hold this crate's answers against what is deployed.

use yaml_rust2::{Yaml, YamlLoader};

use super::DenyFor;

/// The properties of a resource of the template. Tags such as `!If` are read as plain lists.
pub(crate) struct Properties(Yaml);

/// The gateway response of the demo REST API for this type.
pub(crate) fn gateway_response(response_type: &str) -> Properties {
    find(|kind, properties| {
        kind == "AWS::ApiGateway::GatewayResponse"
            && properties["ResponseType"].as_str() == Some(response_type)
    })
}

/// A resource by its logical id.
pub(crate) fn resource(logical_id: &str) -> Properties {
    Properties(resources()[logical_id]["Properties"].clone())
}

fn resources() -> Yaml {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)["Resources"].clone()
}

fn find(wanted: impl Fn(&str, &Yaml) -> bool) -> Properties {
    let resources = resources();
    let properties = resources.as_hash().unwrap().values().find_map(|resource| {
        let properties = &resource["Properties"];
        wanted(resource["Type"].as_str()?, properties).then(|| properties.clone())
    });
    Properties(properties.unwrap())
}

impl Properties {
    /// A property, or that which `!If [DenyLimits, a, b]` chooses.
    pub(crate) fn choice(&self, name: &str, deny_for: DenyFor) -> Option<String> {
        chosen(&self.0[name], deny_for)
    }

    /// The JSON body, with what `!Sub` puts in.
    pub(crate) fn body(&self, deny_for: DenyFor) -> Option<String> {
        let template = &self.0["ResponseTemplates"]["application/json"];
        if let Some(text) = template.as_str() {
            return Some(text.to_owned());
        }
        let (text, variables) = (template[0].as_str()?, template[1].as_hash()?);
        Some(
            variables
                .iter()
                .fold(text.to_owned(), |body, (name, value)| {
                    body.replace(
                        &format!("${{{}}}", name.as_str().unwrap()),
                        &chosen(value, deny_for).unwrap(),
                    )
                }),
        )
    }

    /// The response parameters.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        texts(&self.0["ResponseParameters"])
    }

    /// The response parameters of a mock integration's one response.
    pub(crate) fn mock_parameters(&self) -> Vec<(String, String)> {
        texts(&self.0["Integration"]["IntegrationResponses"][0]["ResponseParameters"])
    }

    /// A list of texts under `CorsConfiguration`, joined by commas.
    pub(crate) fn cors(&self, name: &str) -> String {
        let list = self.0["CorsConfiguration"][name].as_vec().unwrap();
        list.iter()
            .map(|text| text.as_str().unwrap())
            .collect::<Vec<_>>()
            .join(",")
    }
}

fn chosen(value: &Yaml, deny_for: DenyFor) -> Option<String> {
    let text = |value: &Yaml| value.as_str().map(str::to_owned);
    if value[0].as_str() == Some("DenyLimits") {
        return text(&value[if deny_for == DenyFor::Limits { 1 } else { 2 }]);
    }
    text(value)
}

fn texts(map: &Yaml) -> Vec<(String, String)> {
    let text = |value: &Yaml| value.as_str().unwrap().to_owned();
    map.as_hash()
        .unwrap()
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
