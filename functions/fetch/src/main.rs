//! Reads the queries of imports. Cold start and hand-over; what is done is in `tidewaiter_aws::handlers`.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use tidewaiter_aws::deployment::Fetching;
use tidewaiter_aws::{environment, handlers, logs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = environment::process();
    logs::start(environment.log_level());
    let deployment = &Fetching::from_environment(environment).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<handlers::Batch>| {
        let ends = event.context.deadline().try_into()?;
        Ok::<_, Error>(handlers::fetch(deployment, event.payload, &event.context.request_id, ends).await)
    }))
    .await
}
