//! The operations of the control plane that Latchkey calls, and what AWS says of each.

use std::time::Duration;

use crate::Quota;

/// An operation, by AWS's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    CreateApiKey,
    CreateDeployment,
    CreateUsagePlan,
    CreateUsagePlanKey,
    DeleteApiKey,
    DeleteUsagePlan,
    DeleteUsagePlanKey,
    FlushStageAuthorizersCache,
    GetApi,
    GetApiKey,
    GetApiKeys,
    GetApis,
    GetAuthorizers,
    GetExport,
    GetGatewayResponses,
    GetMethod,
    GetResources,
    GetRestApi,
    GetRestApis,
    GetStages,
    GetUsage,
    GetUsagePlan,
    GetUsagePlanKey,
    GetUsagePlanKeys,
    GetUsagePlans,
    UpdateApiKey,
    UpdateMethod,
    UpdateUsage,
    UpdateUsagePlan,
}

impl Operation {
    pub(crate) const COUNT: usize = Self::UpdateUsagePlan as usize + 1;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateApiKey => "CreateApiKey",
            Self::CreateDeployment => "CreateDeployment",
            Self::CreateUsagePlan => "CreateUsagePlan",
            Self::CreateUsagePlanKey => "CreateUsagePlanKey",
            Self::DeleteApiKey => "DeleteApiKey",
            Self::DeleteUsagePlan => "DeleteUsagePlan",
            Self::DeleteUsagePlanKey => "DeleteUsagePlanKey",
            Self::FlushStageAuthorizersCache => "FlushStageAuthorizersCache",
            Self::GetApi => "GetApi",
            Self::GetApiKey => "GetApiKey",
            Self::GetApiKeys => "GetApiKeys",
            Self::GetApis => "GetApis",
            Self::GetAuthorizers => "GetAuthorizers",
            Self::GetExport => "GetExport",
            Self::GetGatewayResponses => "GetGatewayResponses",
            Self::GetMethod => "GetMethod",
            Self::GetResources => "GetResources",
            Self::GetRestApi => "GetRestApi",
            Self::GetRestApis => "GetRestApis",
            Self::GetStages => "GetStages",
            Self::GetUsage => "GetUsage",
            Self::GetUsagePlan => "GetUsagePlan",
            Self::GetUsagePlanKey => "GetUsagePlanKey",
            Self::GetUsagePlanKeys => "GetUsagePlanKeys",
            Self::GetUsagePlans => "GetUsagePlans",
            Self::UpdateApiKey => "UpdateApiKey",
            Self::UpdateMethod => "UpdateMethod",
            Self::UpdateUsage => "UpdateUsage",
            Self::UpdateUsagePlan => "UpdateUsagePlan",
        }
    }

    /// The least time between two calls of it, for the whole account and Region (AWS, "Quotas
    /// for creating, deploying and managing an API"); none where only the rate of all calls
    /// together counts.
    pub(crate) fn spacing(self) -> Option<Duration> {
        match self {
            Self::CreateApiKey | Self::DeleteApiKey => Some(Duration::from_millis(200)),
            // 5 in 2 s: from memory of that table, not read there again.
            Self::GetResources => Some(Duration::from_millis(400)),
            Self::CreateDeployment => Some(Duration::from_secs(5)),
            Self::UpdateUsagePlan => Some(Duration::from_secs(20)),
            _ => None,
        }
    }

    /// Whether the next one waits for the answer to this one: of two CreateUsagePlanKey calls
    /// at once in an account and Region, one meets a conflict, whichever keys and plans they
    /// are for (AWS's support, in serverless/serverless issue 12065).
    pub(crate) fn one_at_a_time(self) -> bool {
        self == Self::CreateUsagePlanKey
    }

    /// Whether a second one does no harm where the first was carried out and its answer lost.
    pub(crate) fn may_be_repeated(self) -> bool {
        match self {
            // A second thing, or a conflict with the first.
            Self::CreateApiKey
            | Self::CreateDeployment
            | Self::CreateUsagePlan
            | Self::CreateUsagePlanKey => false,
            // Gives anew what was used between the two.
            Self::UpdateUsage => false,
            // Stages are added and removed, which is refused the second time.
            Self::UpdateUsagePlan => false,
            // They read, set a value, or remove what may be gone already.
            Self::DeleteApiKey
            | Self::DeleteUsagePlan
            | Self::DeleteUsagePlanKey
            | Self::FlushStageAuthorizersCache
            | Self::GetApi
            | Self::GetApiKey
            | Self::GetApiKeys
            | Self::GetApis
            | Self::GetAuthorizers
            | Self::GetExport
            | Self::GetGatewayResponses
            | Self::GetMethod
            | Self::GetResources
            | Self::GetRestApi
            | Self::GetRestApis
            | Self::GetStages
            | Self::GetUsage
            | Self::GetUsagePlan
            | Self::GetUsagePlanKey
            | Self::GetUsagePlanKeys
            | Self::GetUsagePlans
            | Self::UpdateApiKey
            | Self::UpdateMethod => true,
        }
    }

    /// The quota that it runs into: AWS's answer names none.
    pub(crate) fn quota(self) -> Quota {
        match self {
            Self::CreateApiKey => Quota::ApiKeys,
            Self::CreateUsagePlan => Quota::UsagePlans,
            Self::CreateUsagePlanKey => Quota::PlansPerKey,
            Self::UpdateUsagePlan => Quota::MethodThrottles,
            Self::CreateDeployment => Quota::Stages,
            _ => Quota::Other,
        }
    }
}
