//! Usage plans: made, read, changed, deleted.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{
    ApiStage, QuotaPeriodType, QuotaSettings, ThrottleSettings, UsagePlan,
};
use latchkey_domain::Period;

use crate::{
    Gateway, GatewayError, NativePlan, NativePlanId, NativeQuota, NativeThrottle, Patch, Tags,
    gateway::{PAGE, all_pages, found, id, known, some},
    operation::Operation,
    patch::to_sdk,
};

/// A usage plan as it is at API Gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPlan {
    /// Its id.
    pub id: NativePlanId,
    /// What it says.
    pub plan: NativePlan,
    /// Its tags.
    pub tags: Tags,
}

impl Gateway {
    /// CreateUsagePlan, with throttle, quota, stages, method throttles and tags in one call.
    ///
    /// # Errors
    /// [`GatewayError`]: NotFound where a stage is not there. Two plans may have one name, so
    /// an answer that was lost can only be found by its tags.
    pub async fn create_plan(
        &self,
        plan: &NativePlan,
        tags: &Tags,
    ) -> Result<NativePlanId, GatewayError> {
        let operation = Operation::CreateUsagePlan;
        let description = Some(plan.description.clone()).filter(|text| !text.is_empty());
        let request = self
            .client
            .create_usage_plan()
            .name(&plan.name)
            .set_description(description)
            .set_throttle(plan.throttle.as_ref().map(throttle_to_sdk))
            .set_quota(plan.quota.as_ref().map(quota_to_sdk))
            .set_api_stages(some(plan.stages.iter().map(stage_to_sdk)))
            .set_tags(some(tags.clone()));
        let created = self.call(operation, || request.clone().send()).await?;
        id(operation, created.id())
    }

    /// GetUsagePlan; none where there is no such plan.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn plan(&self, id: &NativePlanId) -> Result<Option<FoundPlan>, GatewayError> {
        let operation = Operation::GetUsagePlan;
        let request = self.client.get_usage_plan().usage_plan_id(id.as_str());
        let answer = self.call(operation, || request.clone().send()).await;
        let Some(plan) = found(answer)? else {
            return Ok(None);
        };
        let plan = UsagePlan::builder()
            .set_id(plan.id)
            .set_name(plan.name)
            .set_description(plan.description)
            .set_api_stages(plan.api_stages)
            .set_throttle(plan.throttle)
            .set_quota(plan.quota)
            .set_tags(plan.tags);
        read(operation, plan.build()).map(Some)
    }

    /// GetUsagePlans, all pages.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn plans(&self) -> Result<Vec<FoundPlan>, GatewayError> {
        let operation = Operation::GetUsagePlans;
        all_pages(operation, |position| async move {
            let request = self.client.get_usage_plans().limit(PAGE);
            let request = request.set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            let plans = page.items.unwrap_or_default().into_iter();
            let plans: Result<_, _> = plans.map(|plan| read(operation, plan)).collect();
            Ok((plans?, page.position))
        })
        .await
    }

    /// UpdateUsagePlan; no call where there is nothing to change.
    ///
    /// # Errors
    /// [`GatewayError`]: NotFound where the plan or a stage is not there.
    pub async fn update_plan(
        &self,
        id: &NativePlanId,
        patches: &[Patch],
    ) -> Result<(), GatewayError> {
        if patches.is_empty() {
            return Ok(());
        }
        let request = self.client.update_usage_plan().usage_plan_id(id.as_str());
        let request = request.set_patch_operations(to_sdk(patches));
        self.call(Operation::UpdateUsagePlan, || request.clone().send())
            .await?;
        Ok(())
    }

    /// DeleteUsagePlan; one that is gone is well. Its stages must have been taken off.
    ///
    /// # Errors
    /// [`GatewayError`]: Refused while it has stages.
    pub async fn delete_plan(&self, id: &NativePlanId) -> Result<(), GatewayError> {
        let request = self.client.delete_usage_plan().usage_plan_id(id.as_str());
        let send = || request.clone().send();
        let answer = self.call(Operation::DeleteUsagePlan, send).await;
        found(answer).map(drop)
    }
}

fn throttle_to_sdk(throttle: &NativeThrottle) -> ThrottleSettings {
    let settings = ThrottleSettings::builder().rate_limit(throttle.rate);
    settings.burst_limit(throttle.burst).build()
}

fn quota_to_sdk(quota: &NativeQuota) -> QuotaSettings {
    QuotaSettings::builder()
        .limit(quota.limit)
        .offset(quota.offset)
        .period(QuotaPeriodType::from(quota.period.as_str()))
        .build()
}

fn stage_to_sdk((stage, throttles): (&String, &BTreeMap<String, NativeThrottle>)) -> ApiStage {
    let (api_id, name) = stage.split_once(':').unwrap_or((stage, ""));
    let throttles = throttles.iter();
    let throttles = throttles.map(|(method, own)| (method.clone(), throttle_to_sdk(own)));
    ApiStage::builder()
        .api_id(api_id)
        .stage(name)
        .set_throttle(some(throttles))
        .build()
}

fn read(operation: Operation, plan: UsagePlan) -> Result<FoundPlan, GatewayError> {
    let quota = match &plan.quota {
        None => None,
        Some(quota) => Some(read_quota(operation, quota)?),
    };
    let mut stages = BTreeMap::new();
    for stage in plan.api_stages.unwrap_or_default() {
        let api_id = known(operation, "apiId", stage.api_id)?;
        let name = known(operation, "stage", stage.stage)?;
        let throttles = stage.throttle.unwrap_or_default();
        let throttles = throttles.iter();
        let throttles = throttles.map(|(method, own)| (method.clone(), read_throttle(own)));
        stages.insert(format!("{api_id}:{name}"), throttles.collect());
    }
    Ok(FoundPlan {
        id: id(operation, plan.id.as_deref())?,
        plan: NativePlan {
            name: plan.name.unwrap_or_default(),
            description: plan.description.unwrap_or_default(),
            throttle: plan.throttle.as_ref().map(read_throttle),
            quota,
            stages,
        },
        tags: plan.tags.unwrap_or_default().into_iter().collect(),
    })
}

fn read_throttle(throttle: &ThrottleSettings) -> NativeThrottle {
    NativeThrottle {
        rate: throttle.rate_limit,
        burst: throttle.burst_limit,
    }
}

fn read_quota(operation: Operation, quota: &QuotaSettings) -> Result<NativeQuota, GatewayError> {
    let period = quota.period.as_ref();
    let period: Option<Period> = period.and_then(|period| period.as_str().parse().ok());
    Ok(NativeQuota {
        limit: quota.limit,
        offset: quota.offset,
        period: known(operation, "period that is known", period)?,
    })
}
