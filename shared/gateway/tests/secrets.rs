//! No key value in an error or in what `Debug` shows.

use latchkey_fake_gateway::Failure;
use latchkey_gateway::{NewNativeKey, Values};

use crate::{
    scripted::Scripted,
    support::{new_key, quick, value},
};

/// AWS's texts, all of which repeat a value or a part of one.
fn leaking(secret: &str) -> Vec<Failure> {
    let texts = [
        format!("API Key already exists: {secret}"),
        format!("API Key value {} is no good", &secret[..12]),
        format!("...{} concurrent", &secret[20..]),
    ];
    let kinds = [
        Failure::Conflict,
        Failure::BadRequest,
        Failure::NotFound,
        Failure::AccessDenied,
    ];
    let of = |kind: fn(String) -> Failure| texts.iter().cloned().map(kind);
    kinds.into_iter().flat_map(of).collect()
}

fn hides(shown: &str, secret: &str) {
    for part in secret.as_bytes().windows(8) {
        let part = std::str::from_utf8(part).unwrap();
        assert!(!shown.contains(part), "{shown}");
    }
}

#[tokio::test]
async fn no_error_of_a_new_key_repeats_its_value() {
    let (fake, gateway) = quick();
    let secret = latchkey_gateway::NativeValue::new("Abcdefgh0123456789ijKLMNOP");
    for failure in leaking(secret.reveal()) {
        fake.fail_next("CreateApiKey", failure);
        let error = gateway
            .create_key(&new_key("k", &secret))
            .await
            .unwrap_err();
        hides(&format!("{error} {error:?}"), secret.reveal());
    }
    for failure in [Failure::Fault, Failure::NotSent, Failure::AnswerLost] {
        fake.fail_next("CreateApiKey", failure);
        let error = gateway
            .create_key(&new_key("k", &secret))
            .await
            .unwrap_err();
        hides(&format!("{error} {error:?}"), secret.reveal());
    }
}

#[tokio::test]
async fn a_refusal_that_repeats_nothing_is_told_in_full() {
    let (fake, gateway) = quick();
    let secret = value(1);
    fake.fail_next(
        "CreateApiKey",
        Failure::BadRequest("Tag is too long".to_owned()),
    );
    let error = gateway
        .create_key(&new_key("k", &secret))
        .await
        .unwrap_err();
    let said = "API Gateway refuses CreateApiKey: BadRequestException: Tag is too long";
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn an_answer_with_values_that_cannot_be_read_is_not_shown() {
    let secret = value(1);
    let body = format!(
        r#"{{"item":[{{"id":"k1","value":"{}"}}, oops"#,
        secret.reveal()
    );
    let scripted = Scripted::new([(200, body.as_str())]);
    let error = scripted
        .gateway()
        .keys(Values::Shown, None)
        .await
        .unwrap_err();
    hides(&format!("{error} {error:?}"), secret.reveal());
}

#[tokio::test]
async fn nothing_that_holds_a_value_shows_it() {
    let (_, gateway) = quick();
    let secret = value(1);
    let new: NewNativeKey<'_> = new_key("k", &secret);
    hides(&format!("{new:?}"), secret.reveal());
    gateway.create_key(&new).await.unwrap();
    let found = gateway.keys(Values::Shown, None).await.unwrap();
    assert_eq!(found[0].value.as_ref(), Some(&secret));
    hides(
        &format!("{found:?} {found:#?} {gateway:?}"),
        secret.reveal(),
    );
}
