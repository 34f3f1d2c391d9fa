//! API Gateway's control plane: its own usage plans and API keys.
//!
//! A *native* plan or key is API Gateway's, beside Latchkey's of the same name. What a native
//! plan should be is worked out from Latchkey's ([`NativePlan::of`]); how to get there from
//! what it is, as one list of patch operations ([`NativePlan::patches`]), since
//! UpdateUsagePlan may be called once in 20 seconds. [`Gateway`] makes the calls: once each
//! ([`Gateway::new`]) where somebody waits for the answer, or within AWS's rates and with
//! repeats ([`Gateway::paced`]) where there is time. Beside the fake of the tests this is the
//! only crate that names aws-sdk-apigateway and aws-sdk-apigatewayv2; it knows nothing of the
//! table.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod answer;
mod apis;
mod attachments;
mod client;
mod error;
mod gateway;
mod in_front;
mod key_source;
mod keys;
mod native_id;
mod native_plan;
mod not_native;
mod operation;
mod pace;
mod patch;
mod plans;
mod usage;
mod value;

pub use apis::Required;
pub use client::{MissingVariable, client_at, client_from_environment};
pub use error::{GatewayError, Missing, Quota};
pub use gateway::{Gateway, Tags};
pub use in_front::{ApiKind, FoundApi, FoundAuthorizer, FoundMethod, FoundResponse};
pub use key_source::KeySource;
pub use keys::{FoundKey, NativeKeyFields, NewNativeKey, Values};
pub use native_id::{NativeKeyId, NativePlanId};
pub use native_plan::{NativePlan, NativeQuota, NativeThrottle};
pub use not_native::NotNative;
pub use pace::Pacer;
pub use patch::{Patch, PatchOp};
pub use plans::FoundPlan;
pub use usage::NativeUsage;
pub use value::NativeValue;
