//! What CloudFormation says of a stack: its resources and its outputs.

use std::collections::BTreeMap;

use super::{Aws, CallError};

/// Pages that are followed: a stack has at most 500 resources.
const MAX_PAGES: usize = 20;
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Names of AWS's by those of the template: resources' ids, or outputs' values.
pub(crate) type Named = BTreeMap<String, String>;

impl Aws {
    /// ListStackResources, all pages: ids of AWS's by those of the template.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn stack_resources(&self, stack: &str) -> Result<Named, CallError> {
        self.named(
            "ListStackResources",
            stack,
            "LogicalResourceId",
            "PhysicalResourceId",
        )
        .await
    }

    /// DescribeStacks: the stack's outputs.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn stack_outputs(&self, stack: &str) -> Result<Named, CallError> {
        self.named("DescribeStacks", stack, "OutputKey", "OutputValue")
            .await
    }

    async fn named(
        &self,
        action: &str,
        stack: &str,
        name: &str,
        value: &str,
    ) -> Result<Named, CallError> {
        let mut found = Named::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", action);
            form.append_pair("Version", "2010-05-15");
            form.append_pair("StackName", stack);
            if let Some(token) = &token {
                form.append_pair("NextToken", token);
            }
            let answer = self.post("cloudformation", &[FORM], form.finish()).await?;
            token = read(&answer.body, name, value, &mut found)?;
            if token.is_none() {
                return Ok(found);
            }
        }
        Err(CallError::Failed("its pages do not end".to_owned()))
    }
}

/// Adds what a page names; the token of the next page.
fn read(
    body: &[u8],
    name: &str,
    value: &str,
    found: &mut Named,
) -> Result<Option<String>, CallError> {
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
        if let (Some(name), Some(value)) = (field(name), field(value)) {
            found.insert(name, value);
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
        let mut found = Named::new();
        let (name, value) = ("LogicalResourceId", "PhysicalResourceId");
        let token = read(page.as_bytes(), name, value, &mut found).unwrap();
        assert_eq!(token.as_deref(), Some("more"));
        assert_eq!(found, [("Table".to_owned(), "t-1".to_owned())].into());
        assert!(read(b"<a>", name, value, &mut found).is_err());
    }

    #[test]
    fn outputs_are_read_from_within_their_stack() {
        let page = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
            <DescribeStacksResult><Stacks><member><StackName>latchkey</StackName>
              <Outputs><member><OutputKey>AdminUrl</OutputKey><OutputValue>https://a1/admin</OutputValue></member></Outputs>
            </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"#;
        let mut found = Named::new();
        let token = read(page.as_bytes(), "OutputKey", "OutputValue", &mut found).unwrap();
        assert_eq!(token, None);
        assert_eq!(
            found,
            [("AdminUrl".to_owned(), "https://a1/admin".to_owned())].into()
        );
    }
}
