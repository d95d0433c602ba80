//! Guards an axum service of one's own: `cargo run --example axum_layer`, then ask it as two customers.
//!
//! ```sh
//! curl -N -H 'x-user: C-1' http://127.0.0.1:3000/answer
//! curl -N -H 'x-user: C-2' http://127.0.0.1:3000/answer
//! ```
//!
//! With `-- --once` it asks itself and ends.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use tightlip::http::GuardLayer;
use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader};
use tower::ServiceExt;

/// What a model might say, token by token.
async fn answer() -> impl IntoResponse {
    let tokens = ["The receipt ", "went to ann@", "example.com, ", "the copy to bob", "@example.", "com.\n"];
    let tokens = stream::iter(tokens).then(|token| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok::<_, std::io::Error>(token)
    });
    ([("content-type", "text/plain; charset=utf-8")], Body::from_stream(tokens))
}

/// Says who reads. Yours looks at a session or a token: whoever may set this header may read that customer's data.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    let reader = user.map_or_else(Reader::stranger, Reader::customer);
    request.extensions_mut().insert(reader);
    next.run(request).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = IndexBuilder::new();
    builder.add(Identifier { owner: "C-1", kind: Kind::Email, text: "ann@example.com" })?;
    builder.add(Identifier { owner: "C-2", kind: Kind::Email, text: "bob@example.com" })?;
    let index = builder.finish_in_memory()?;

    let app = Router::new()
        .route("/answer", get(answer))
        .layer(GuardLayer::new(&index, &Policy::standard()))
        .layer(middleware::from_fn(authenticate)); // the layer that is added last runs first

    if std::env::args().any(|argument| argument == "--once") {
        for (user, expected) in [
            ("C-1", "The receipt went to ann@example.com, the copy to [EMAIL].\n"),
            ("C-2", "The receipt went to [EMAIL], the copy to bob@example.com.\n"),
        ] {
            let request = Request::get("/answer").header("x-user", user).body(Body::empty())?;
            let body = app.clone().oneshot(request).await?.into_body();
            let said = String::from_utf8(axum::body::to_bytes(body, 1024).await?.to_vec())?;
            print!("{user}: {said}");
            assert_eq!(said, expected);
        }
        return Ok(());
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
