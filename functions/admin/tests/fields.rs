//! Every field, header, parameter, path and setting of the admin API's contract is enforced, by a
//! test that is named here, or not there. Nothing is taken and ignored.

use std::collections::BTreeSet;

use http::Method;

use crate::support::{Admin, request};

/// How a thing of the contract is held.
enum Held {
    /// By this test: `file::function`, in tests/ or, with `src/`, beside the code.
    By(&'static str),
    /// Path or method are not there: 404 or 405.
    NotThere(Method, &'static str),
}

use Held::{By, NotThere};

const PLANS: &str = "/v1/plans";
const PLAN: &str = "/v1/plans/{plan}";
const KEYS: &str = "/v1/keys";
const KEY: &str = "/v1/keys/{key}";
const ATTACHMENTS: &str = "/v1/plans/{plan}/keys";

/// The whole contract.
fn contract() -> Vec<(&'static str, Held)> {
    [
        plan_fields(),
        key_fields(),
        operations(),
        parameters(),
        headers_and_settings(),
        later_paths(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plan_fields() -> Vec<(&'static str, Held)> {
    const MADE: &str = "plans::a_plan_is_made_and_shown";
    const WEEKLY: &str = "usage::use_is_told_by_day_and_what_was_left_of_it";
    const METHODS: &str = "plan_methods::methods_have_throttles_and_units_of_their_own";
    const SHARED: &str = "plan_customers::keys_of_a_customer_share_one_allowance";
    const NATIVE: &str = "native::a_plan_that_api_gateway_counts_is_made_changed_and_deleted_there";
    vec![
        ("plan.id", By(MADE)),
        ("plan.name", By(MADE)),
        ("plan.description", By(MADE)),
        (
            "plan.throttle",
            By("verify::every_check_is_told_and_nothing_is_charged"),
        ),
        (
            "plan.throttle.rateLimit",
            By("plans::a_rate_is_the_decimal_number_that_was_written"),
        ),
        (
            "plan.throttle.burstLimit",
            By("verify::every_check_is_told_and_nothing_is_charged"),
        ),
        ("plan.quota", By(WEEKLY)),
        ("plan.quota.limit", By(WEEKLY)),
        ("plan.quota.period", By(WEEKLY)),
        (
            "plan.apiStages",
            By("plans::two_stages_of_a_plan_do_not_cover_the_same_call"),
        ),
        ("plan.apiStages.apiId", By("verify::each_reason_is_found")),
        ("plan.apiStages.stage", By("verify::each_reason_is_found")),
        ("plan.scope: key", By(MADE)),
        ("plan.enforcement: dynamodb", By(MADE)),
        ("plan.enforcement", By(NATIVE)),
        ("plan.enforcement: apiGateway", By(NATIVE)),
        ("plan.apiGateway", By(NATIVE)),
        ("plan.quota.offset", By(NATIVE)),
        (
            "plan.quota.offset, dynamodb",
            By("native::what_belongs_to_api_gateway_s_plans_is_refused_elsewhere"),
        ),
        ("plan.apiStages.throttle", By(METHODS)),
        ("plan.apiStages.throttle, apiGateway", By(NATIVE)),
        ("plan.apiStages.units", By(METHODS)),
        (
            "plan.apiStages.units, apiGateway",
            By("native::what_belongs_to_api_gateway_s_plans_is_refused_elsewhere"),
        ),
        ("plan.scope", By(SHARED)),
        ("plan.scope: customer", By(SHARED)),
        (
            "plan.scope, a key without a customer",
            By("plan_customers::a_key_without_a_customer_is_refused"),
        ),
        (
            "plan.scope, another customer",
            By("plan_customers::a_key_stays_its_customer_s_while_it_uses_its_allowance"),
        ),
        (
            "plan.deleting",
            By("forced::a_plan_that_is_being_deleted_covers_and_takes_nothing"),
        ),
        ("plan.createdDate", By(MADE)),
        (
            "plan.lastUpdatedDate",
            By("plans::absent_keeps_null_clears_a_value_sets"),
        ),
    ]
}

fn key_fields() -> Vec<(&'static str, Held)> {
    const MADE: &str = "keys::a_key_is_made_on_its_plans_and_works_on_the_first_call";
    const REASONS: &str = "verify::each_reason_is_found";
    const ROTATED: &str = "rotation::a_rotation_keeps_everything_but_the_value";
    let held = vec![
        ("key.id", By(MADE)),
        ("key.name", By(MADE)),
        ("key.description", By(MADE)),
        ("key.value", By("keys::a_custom_value_is_taken_once")),
        ("key.value, once", By("secrets::the_table_has_no_value")),
        ("key.prefix", By(MADE)),
        ("key.last4", By(MADE)),
        ("key.customerId", By(MADE)),
        ("key.enabled", By(REASONS)),
        ("key.notBefore", By(REASONS)),
        ("key.expiresAt", By(REASONS)),
        ("key.allowedIps", By(REASONS)),
        (
            "key.metadata",
            By("keys::absent_keeps_null_clears_a_value_sets"),
        ),
        ("key.planIds", By(MADE)),
        (
            "key.nativeValue",
            By("native::a_key_gets_a_twin_that_opens_nothing"),
        ),
        (
            "key.apiGateway",
            By("native::what_is_told_of_a_key_on_a_plan_is_whatever_is_farther_behind"),
        ),
        (
            "key.nativeValue: header",
            By("native::a_key_with_its_value_in_the_header_is_made_there_or_not_at_all"),
        ),
        (
            "key.planIds in a patch",
            By("keys::what_is_not_changed_by_a_patch_is_refused_with_what_to_do_instead"),
        ),
        (
            "key.lastUsedDate",
            By("keys::the_day_of_the_last_use_is_told_of_one_key"),
        ),
        (
            "key.routes",
            By("routes::routes_are_kept_shown_replaced_and_cleared"),
        ),
        ("key.previousValues", By(ROTATED)),
        (
            "key.previousValueLastUsedDate",
            By("rotation::whether_an_old_value_is_still_in_use_is_told"),
        ),
        ("key.createdDate", By(MADE)),
        (
            "key.lastUpdatedDate",
            By("keys::absent_keeps_null_clears_a_value_sets"),
        ),
    ];
    held
}

fn operations() -> Vec<(&'static str, Held)> {
    const CALL: &str = "verify::a_call_is_described_whole";
    const ADOPTED: &str = "adopt/outcomes::plans_and_keys_are_taken_over_as_they_are_and_only_once";
    const DEPLOYED: &str = "deployments::an_api_is_deployed_to_a_stage_new_or_not";
    const METHOD: &str = "deployments::a_method_comes_to_require_a_key_once";
    vec![
        (
            "GET /openapi.json",
            By("openapi::the_checked_in_document_is_the_one_that_is_served"),
        ),
        (
            "GET /docs",
            By("openapi::the_page_has_every_operation_and_asks_nothing_of_others"),
        ),
        (
            "GET /problems/{name}",
            By("problem_pages::the_type_of_a_problem_leads_to_its_page"),
        ),
        ("POST /v1/plans", By("plans::a_plan_is_made_and_shown")),
        ("GET /v1/plans", By("plans::plans_are_listed_in_pages")),
        (
            "GET /v1/plans/{planId}",
            By("plans::a_plan_is_made_and_shown"),
        ),
        (
            "PUT /v1/plans/{planId}",
            By("plans::put_makes_a_plan_of_the_owner_s_own_id_and_replaces_it"),
        ),
        (
            "PATCH /v1/plans/{planId}",
            By("plans::absent_keeps_null_clears_a_value_sets"),
        ),
        (
            "DELETE /v1/plans/{planId}",
            By("plans::a_plan_that_keys_are_on_is_not_deleted"),
        ),
        ("POST /v1/keys", By("keys::a_key_without_a_plan_says_so")),
        (
            "GET /v1/keys",
            By("keys::keys_are_listed_in_the_order_of_their_creation_in_pages"),
        ),
        (
            "GET /v1/keys/{keyId}",
            By("keys::the_day_of_the_last_use_is_told_of_one_key"),
        ),
        (
            "PATCH /v1/keys/{keyId}",
            By("keys::absent_keeps_null_clears_a_value_sets"),
        ),
        (
            "DELETE /v1/keys/{keyId}",
            By("keys::a_deleted_key_is_off_its_plans"),
        ),
        (
            "POST /v1/keys/{keyId}/rotate",
            By("rotation::a_rotation_keeps_everything_but_the_value"),
        ),
        (
            "rotate.gracePeriodSeconds",
            By("rotation::without_a_body_the_old_value_stops_at_once_and_each_before_it"),
        ),
        ("PUT attachment", By("attachments::a_key_is_attached_once")),
        ("GET attachment", By("attachments::a_key_is_attached_once")),
        (
            "DELETE attachment",
            By("attachments::a_key_is_detached_once"),
        ),
        (
            "attachment without a body",
            By("attachments::attaching_takes_no_body"),
        ),
        (
            "GET /v1/plans/{planId}/keys",
            By("attachments::the_keys_of_a_plan_are_listed_in_pages"),
        ),
        (
            "GET /v1/plans/{planId}/usage",
            By("usage::use_is_told_by_day_and_what_was_left_of_it"),
        ),
        (
            "GET /v1/keys/{keyId}/usage",
            By("usage::use_is_told_by_day_and_what_was_left_of_it"),
        ),
        (
            "PATCH usage",
            By("usage::what_is_granted_is_left_for_the_period"),
        ),
        ("grant.remaining", By("usage::a_grant_is_held_to_its_rules")),
        (
            "usage of API Gateway's plans",
            By("native::use_is_what_api_gateway_tells"),
        ),
        ("POST /v1/adopt", By(ADOPTED)),
        (
            "adopt.dryRun",
            By("adopt/outcomes::a_dry_run_tells_what_would_be_done_and_writes_nothing"),
        ),
        (
            "adopt.enforcement",
            By("adopt/counting::a_plan_comes_to_be_counted_here_with_its_keys"),
        ),
        (
            "adopt.cursor",
            By("adopt/scale::a_large_account_comes_through_in_several_requests"),
        ),
        ("POST /v1/deployments", By(DEPLOYED)),
        ("deployment.apiId", By(DEPLOYED)),
        ("deployment.stage", By(DEPLOYED)),
        ("PUT methods", By(METHOD)),
        ("methods.path", By(METHOD)),
        ("methods.method", By(METHOD)),
        ("methods.apiKeyRequired", By(METHOD)),
        (
            "GET /v1/drift",
            By("drift::each_finding_says_of_what_it_is"),
        ),
        (
            "POST /v1/keys/{keyId}/move",
            By("moves::a_key_is_moved_in_one_step_and_what_it_used_stays_known"),
        ),
        (
            "move.fromPlanId",
            By("moves::what_cannot_be_moved_is_told_and_nothing_is_changed"),
        ),
        (
            "move.toPlanId",
            By("moves::what_cannot_be_moved_is_told_and_nothing_is_changed"),
        ),
        (
            "POST /v1/import",
            By("import::api_gateway_s_files_are_taken_as_people_write_them"),
        ),
        (
            "import columns",
            By("import::every_column_is_read_as_the_field_of_its_name"),
        ),
        ("import.sha256", By("import::a_hash_stands_for_its_value")),
        (
            "import errors",
            By("import::each_fault_has_its_line_and_its_column"),
        ),
        (
            "import.items",
            By("import::the_valid_rows_are_written_by_choice"),
        ),
        ("GET /v1/export", By("export::a_table_is_moved_whole")),
        ("export.Link", By("export::pages_are_linked")),
        (
            "POST /v1/verify",
            By("verify::every_check_is_told_and_nothing_is_charged"),
        ),
        (
            "verify.value",
            By("verify::a_value_that_cannot_be_one_is_not_looked_for"),
        ),
        ("verify.apiId", By("verify::each_reason_is_found")),
        ("verify.stage", By("verify::each_reason_is_found")),
        ("verify.method", By(CALL)),
        ("verify.path", By(CALL)),
        ("verify.sourceIp", By("verify::each_reason_is_found")),
        (
            "GET /health",
            By("errors::nobody_is_answered_who_has_no_identity"),
        ),
    ]
}

fn parameters() -> Vec<(&'static str, Held)> {
    let mut held = vec![
        ("?limit", By("errors::parameters_are_read_or_refused")),
        (
            "GET /v1/audit",
            By("audit::each_change_has_one_record_with_both_sides"),
        ),
        (
            "?entity",
            By("audit::each_change_has_one_record_with_both_sides"),
        ),
        (
            "?principal",
            By("audit::principals_are_found_whatever_they_are_called"),
        ),
        ("?cursor", By("errors::a_cursor_belongs_to_its_list")),
        (
            "?onError",
            By("import::the_valid_rows_are_written_by_choice"),
        ),
        ("?dryRun", By("import::a_dry_run_tells_and_writes_nothing")),
        (
            "?hashes",
            By("export::hashes_are_told_on_request_and_that_is_recorded"),
        ),
        ("?keyId", By("usage::usage_of_what_is_not_there")),
        (
            "?customerId",
            By("plan_customers::each_filter_belongs_to_its_scope"),
        ),
        (
            "?startDate",
            By("usage::only_days_that_are_told_can_be_asked_for"),
        ),
        (
            "?endDate",
            By("usage::only_days_that_are_told_can_be_asked_for"),
        ),
        (
            "?force",
            By("forced::a_plan_is_deleted_by_force_and_its_keys_are_taken_off"),
        ),
    ];
    const TRAITS: &str = "key_lists::keys_are_found_by_each_of_their_traits";
    for name in ["?customerId", "?planId", "?name", "?namePrefix", "?state"] {
        held.push((name, By(TRAITS)));
    }
    held.push((
        "?unusedSince",
        By("key_lists::keys_that_nobody_has_used_are_found"),
    ));
    held
}

fn headers_and_settings() -> Vec<(&'static str, Held)> {
    let mut held = vec![
        ("Content-Type", By("errors::a_body_says_what_it_is")),
        ("Location", By("plans::a_plan_is_made_and_shown")),
        ("Allow", By("errors::paths_and_methods_that_are_not_there")),
        ("problem.type", By("errors::each_problem_has_a_shape")),
        (
            "problem.errors",
            By("keys::all_that_is_wrong_is_told_at_once"),
        ),
        ("principal", By("errors::an_audit_record_names_the_caller")),
        (
            "AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH",
            By("lambda::the_stage_is_never_in_the_path"),
        ),
        (
            "TABLE_NAME",
            By("lambda::wrong_settings_stop_the_start_with_their_names"),
        ),
        (
            "LOG_LEVEL",
            By("src/settings::all_faults_are_told_at_once_on_one_line"),
        ),
        (
            "FLUSH_AUTHORIZER_CACHES",
            By("native::a_key_that_changes_has_the_authorizer_s_results_forgotten"),
        ),
        (
            "MANAGED_APIS",
            By("deployments::only_apis_that_are_listed_are_changed"),
        ),
        (
            "KEY_CACHE_SECONDS",
            By("src/settings::what_concerns_api_gateway_is_off_unless_said"),
        ),
        (
            "AWS_ENDPOINT_URL_DYNAMODB",
            By("lambda::the_binary_serves_the_admin_api"),
        ),
        (
            "Accept: text/csv",
            By("usage_csv::use_comes_as_a_table_by_accept"),
        ),
        ("Link", By("usage_csv::a_table_s_next_page_is_its_link")),
        ("Accept", By("usage_csv::a_form_that_is_not_offered_is_406")),
    ];
    for (name, test) in [
        (
            "Idempotency-Key",
            "idempotency::the_same_answer_is_given_again_with_the_value",
        ),
        (
            "Idempotency-Key elsewhere",
            "idempotency::it_is_taken_on_post_only_and_held_to_its_rules",
        ),
        (
            "Idempotency-Replayed",
            "idempotency::the_same_answer_is_given_again_with_the_value",
        ),
        ("Retry-After", "idempotency::of_two_at_once_one_runs"),
        (
            "ETag",
            "preconditions::what_is_read_again_is_not_sent_again",
        ),
        (
            "If-Match",
            "preconditions::a_change_of_what_was_not_seen_is_refused",
        ),
        (
            "If-None-Match",
            "preconditions::what_is_read_again_is_not_sent_again",
        ),
        (
            "If-None-Match: *",
            "preconditions::a_plan_of_an_own_id_is_made_only_where_there_is_none",
        ),
        (
            "preconditions elsewhere",
            "preconditions::where_they_mean_nothing_they_are_refused_by_name",
        ),
    ] {
        held.push((name, By(test)));
    }
    held
}

fn later_paths() -> Vec<(&'static str, Held)> {
    [
        ("PUT /v1/keys/{keyId}", Method::PUT, KEY),
        ("POST attachments", Method::POST, ATTACHMENTS),
    ]
    .into_iter()
    .map(|(name, method, path)| (name, NotThere(method, path)))
    .collect()
}

#[tokio::test]
async fn everything_of_the_contract_is_enforced_or_refused() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    let before = admin.items().await.len();
    for (name, held) in contract() {
        let filled = |path: &str| path.replace("{plan}", &plan).replace("{key}", &key);
        match held {
            By(test) => assert!(exists(test), "{name}: no test {test}"),
            NotThere(method, path) => {
                let answer = admin
                    .send(request(method, &filled(path), Some("{}".to_owned())))
                    .await;
                assert!(
                    ["unknown-path", "method-not-allowed"].contains(&answer.problem()),
                    "{name}: {:?}",
                    answer.body
                );
            }
        }
    }
    assert_eq!(
        admin.items().await.len(),
        before,
        "nothing that was refused is stored"
    );
}

/// Whether there is such a test: a renamed one must be named anew.
fn exists(test: &str) -> bool {
    let (file, function) = test.rsplit_once("::").unwrap();
    let folder = if file.starts_with("src/") {
        ""
    } else {
        "tests/"
    };
    let file = format!("{}/{folder}{file}.rs", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.contains(&format!("fn {function}("))
}

/// What the API says that it knows is in the contract: a field that is added without a row
/// is noticed.
#[tokio::test]
async fn every_field_that_is_taken_is_in_the_contract() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    let enforced: BTreeSet<String> = contract()
        .into_iter()
        .filter(|(_, held)| matches!(held, By(_)))
        .map(|(name, _)| name.split(": ").next().unwrap().to_owned())
        .collect();
    let mut seen = 0;
    for (prefix, method, path, body) in [
        (
            "plan.",
            Method::POST,
            PLANS,
            r#"{"?": 1, "throttle": {"?": 1}, "quota": {"?": 1}, "apiStages": [{"?": 1}]}"#,
        ),
        (
            "plan.",
            Method::PATCH,
            PLAN,
            r#"{"?": 1, "throttle": {"?": 1}, "quota": {"?": 1}, "apiStages": [{"?": 1}]}"#,
        ),
        ("key.", Method::POST, KEYS, r#"{"?": 1}"#),
        ("key.", Method::PATCH, KEY, r#"{"?": 1}"#),
        (
            "rotate.",
            Method::POST,
            "/v1/keys/{key}/rotate",
            r#"{"?": 1}"#,
        ),
        (
            "grant.",
            Method::PATCH,
            "/v1/plans/{plan}/keys/{key}/usage",
            r#"{"?": 1}"#,
        ),
        ("move.", Method::POST, "/v1/keys/{key}/move", r#"{"?": 1}"#),
        ("verify.", Method::POST, "/v1/verify", r#"{"?": 1}"#),
        ("adopt.", Method::POST, "/v1/adopt", r#"{"?": 1}"#),
        (
            "deployment.",
            Method::POST,
            "/v1/deployments",
            r#"{"?": 1}"#,
        ),
        (
            "methods.",
            Method::PUT,
            "/v1/apis/a1/methods",
            r#"{"?": 1}"#,
        ),
        ("?", Method::GET, "/v1/keys?x=1", ""),
        ("?", Method::GET, "/v1/audit?x=1", ""),
        ("?", Method::GET, "/v1/plans?x=1", ""),
        ("?", Method::GET, "/v1/plans/{plan}/usage?x=1", ""),
        ("?", Method::GET, "/v1/keys/{key}/usage?x=1", ""),
    ] {
        let path = path.replace("{plan}", &plan).replace("{key}", &key);
        let body = (!body.is_empty()).then(|| body.to_owned());
        let answer = admin.send(request(method, &path, body)).await;
        for fault in answer.body["errors"].as_array().unwrap() {
            let place = fault["pointer"].as_str().unwrap_or_default();
            // "/quota/?" holds fields of the quota, "/apiStages/0/?" those of a stage.
            let within: String = place
                .split('/')
                .filter(|part| !["", "?", "0"].contains(part))
                .map(|part| format!("{part}."))
                .collect();
            let (_, known) = fault["detail"]
                .as_str()
                .unwrap()
                .split_once("known here: ")
                .unwrap_or_default();
            for field in known.split(", ").filter(|field| !field.is_empty()) {
                let name = format!("{prefix}{within}{field}");
                assert!(
                    enforced.contains(&name),
                    "{name} is taken and not in the contract"
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 60, "{seen} fields were named");
}
