//! What CloudFormation, Lambda and EventBridge say of the stack.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    aws::{Answer, Ask, Aws, CallError},
    facts::Function,
};

/// Pages that are followed: a stack has at most 500 resources.
const MAX_PAGES: usize = 20;

/// Resources of the stack: ids of AWS's by those of the template.
pub(super) type Resources = BTreeMap<String, String>;

impl Aws {
    /// ListStackResources, all pages.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn stack_resources(&self, stack: &str) -> Result<Resources, CallError> {
        let mut resources = Resources::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", "ListStackResources");
            form.append_pair("Version", "2010-05-15");
            form.append_pair("StackName", stack);
            if let Some(token) = &token {
                form.append_pair("NextToken", token);
            }
            let answer = self.post("cloudformation", &[FORM], form.finish()).await?;
            token = read_resources(&answer.body, &mut resources)?;
            if token.is_none() {
                return Ok(resources);
            }
        }
        Err(CallError::Failed("its pages do not end".to_owned()))
    }

    /// GetFunctionConfiguration.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn function(&self, name: &str) -> Result<(Function, Answer), CallError> {
        let path = format!("/2015-03-31/functions/{name}/configuration");
        let answer = self.get("lambda", &path).await?;
        let told: Told = read(&answer.body)?;
        let function = Function {
            name: name.to_owned(),
            arn: told.function_arn,
            // Lambda leaves it out for functions from before there were states.
            state: told.state.unwrap_or_else(|| "Active".to_owned()),
            timeout_seconds: told.timeout,
            variables: told.environment.unwrap_or_default().variables,
            statements: Vec::new(),
        };
        Ok((function, answer))
    }

    /// GetPolicy: the statements of a function's resource policy; none where it has none.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn policy(&self, name: &str) -> Result<Vec<Value>, CallError> {
        let path = format!("/2015-03-31/functions/{name}/policy");
        let answer = match self.get("lambda", &path).await {
            Err(CallError::NotFound) => return Ok(Vec::new()),
            answer => answer?,
        };
        let told: Value = read(&answer.body)?;
        let text = told["Policy"].as_str().unwrap_or_default();
        let policy: Value = read(text.as_bytes())?;
        Ok(match &policy["Statement"] {
            Value::Array(statements) => statements.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        })
    }

    /// DescribeRule: the state of a rule of EventBridge.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn rule_state(&self, rule: &str) -> Result<String, CallError> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSEvents.DescribeRule"),
        ];
        let body = serde_json::json!({ "Name": rule }).to_string();
        let answer = self.post("events", &headers, body).await?;
        let told: Value = read(&answer.body)?;
        let state = told["State"].as_str();
        state
            .map(str::to_owned)
            .ok_or_else(|| CallError::Failed("it tells no state".to_owned()))
    }

    async fn get(&self, service: &str, path: &str) -> Result<Answer, CallError> {
        self.call(&Ask {
            service,
            method: "GET",
            path,
            headers: &[],
            body: String::new(),
        })
        .await
    }

    async fn post(
        &self,
        service: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, CallError> {
        self.call(&Ask {
            service,
            method: "POST",
            path: "/",
            headers,
            body,
        })
        .await
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    function_arn: String,
    state: Option<String>,
    timeout: u64,
    environment: Option<Environment>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallError> {
    // Which place is wrong is told, and nothing of what stands there.
    let unreadable = |error: serde_json::Error| {
        CallError::Failed(format!(
            "its answer cannot be read (column {})",
            error.column()
        ))
    };
    serde_json::from_slice(body).map_err(unreadable)
}

/// Adds a page's resources; the token of the next page.
fn read_resources(body: &[u8], resources: &mut Resources) -> Result<Option<String>, CallError> {
    let text = String::from_utf8_lossy(body);
    let unreadable = |error| CallError::Failed(format!("its answer cannot be read ({error})"));
    let document = roxmltree::Document::parse(&text).map_err(unreadable)?;
    let nodes = || document.descendants();
    for member in nodes().filter(|node| is_named(node, "member")) {
        let field = |name: &str| {
            let mut children = member.children();
            let found = children.find(|child| is_named(child, name))?;
            found.text().map(str::to_owned)
        };
        if let (Some(logical), Some(physical)) =
            (field("LogicalResourceId"), field("PhysicalResourceId"))
        {
            resources.insert(logical, physical);
        }
    }
    let token = nodes().find(|node| is_named(node, "NextToken"));
    let token = token.and_then(|node| node.text().map(str::to_owned));
    Ok(token.filter(|token| !token.is_empty()))
}

/// By its local name: CloudFormation's documents have a namespace.
fn is_named(node: &roxmltree::Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_from_cloudformation_s_document() {
        let page = r#"<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
            <ListStackResourcesResult><StackResourceSummaries>
              <member><LogicalResourceId>Table</LogicalResourceId><PhysicalResourceId>t-1</PhysicalResourceId></member>
              <member><LogicalResourceId>Failed</LogicalResourceId></member>
            </StackResourceSummaries><NextToken>more</NextToken></ListStackResourcesResult>
            </ListStackResourcesResponse>"#;
        let mut resources = Resources::new();
        let token = read_resources(page.as_bytes(), &mut resources).unwrap();
        assert_eq!(token.as_deref(), Some("more"));
        assert_eq!(resources, [("Table".to_owned(), "t-1".to_owned())].into());
        assert!(read_resources(b"<a>", &mut resources).is_err());
    }
}
