//! The API's own description, OpenAPI 3.1, made from the same list of endpoints as its routes: what is routed is described and
//! the other way round. Start at [`Description::of`].

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AnyOfBuilder, ComponentsBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, PathsBuilder, Ref, RefOr,
};
use utoipa::openapi::{Required, ResponseBuilder};

use super::ROOT;
use super::endpoint::{Deed, Described, Endpoint};
use super::etag;
use super::problem::KINDS;
use super::query;
use super::write::WouldChange;

/// The description as it is sent.
#[derive(Debug)]
pub(super) struct Description {
    text: String,
    etag: String,
}

impl Description {
    pub(super) fn of(endpoints: &[Endpoint]) -> Self {
        // A description of our own making always has a form in JSON.
        let text = describe(endpoints).to_json().unwrap_or_default();
        let etag = etag::of(&text);
        Self { text, etag }
    }

    /// Answers `/api/v1/openapi.json`. It names nobody, so nobody has to say who asks.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let caching = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, self.etag.as_str())];
        if etag::is_known(headers, &self.etag) {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        (caching, [(header::CONTENT_TYPE, "application/json")], self.text.clone()).into_response()
    }
}

fn describe(endpoints: &[Endpoint]) -> OpenApi {
    let mut components = ComponentsBuilder::new().schema("Problem", problem()).security_scheme(
        "token",
        SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("`tremen token NAME --for PERSON --scope SCOPE` makes one"))
                .build(),
        ),
    );
    let look = Described::of::<WouldChange>();
    for described in endpoints.iter().flat_map(|it| it.body.iter().chain([&it.answer])).chain([&look]) {
        components = components.schema(described.name.clone(), described.schema.clone());
        components = components.schemas_from_iter(described.parts.iter().cloned());
    }
    let description = "What people do on Tremen's pages, for scripts. Every change takes a `reason` and has a preview; a POST with \
        an `Idempotency-Key` is done once, and its repeats within 24 hours are answered as it was.";
    let info = InfoBuilder::new()
        .title("Tremen")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description))
        .license(Some(LicenseBuilder::new().name("EUPL-1.2").identifier(Some("EUPL-1.2")).build()));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths(endpoints))
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build()
}

/// What an `Idempotency-Key` is: 1 to 200 visible characters of ASCII.
const KEY_PATTERN: &str = "^[!-~]{1,200}$";

fn paths(endpoints: &[Endpoint]) -> Paths {
    let mut paths = PathsBuilder::new();
    for endpoint in endpoints {
        let method = if endpoint.method == Method::GET { HttpMethod::Get } else { HttpMethod::Post };
        paths = paths.path(format!("{ROOT}{}", endpoint.path), PathItem::new(method, operation(endpoint)));
    }
    paths.build()
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

fn operation(endpoint: &Endpoint) -> OperationBuilder {
    let Endpoint { method, path, scope, summary, query, body, answer, status, deed, example, writes } = endpoint;
    let words: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    let name = format!("{}_{}", method.as_str().to_lowercase(), words.join("_").replace(['{', '}'], ""));
    let mut operation = OperationBuilder::new()
        .operation_id(Some(name))
        .summary(Some(*summary))
        .description(Some(format!("Takes the scope `{}`.", scope.as_str())))
        .tag(words.first().copied().unwrap_or_default())
        .parameters(Some(parameters(path, query)));
    if let Some(body) = body {
        let content = ContentBuilder::new().schema(Some(reference(&body.name))).example(example.clone()).build();
        let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some(KEY_PATTERN));
        operation = operation.request_body(Some(body.build())).parameter(header_parameter(
            "Idempotency-Key",
            "names this request: a repeat is answered as it was, and not done again",
            key,
        ));
    }
    let form = if matches!(deed, Deed::Events) { "text/event-stream" } else { "application/json" };
    if matches!(deed, Deed::Events) {
        let number = ObjectBuilder::new().schema_type(Type::Integer);
        operation = operation.parameter(header_parameter("Last-Event-ID", "goes on after this event", number));
    }
    if matches!(deed, Deed::Read(_)) {
        let tag = ObjectBuilder::new().schema_type(Type::String);
        operation = operation
            .parameter(header_parameter("If-None-Match", "the `ETag` of an answer that is known already", tag))
            .response("304", ResponseBuilder::new().description("As it is known already.").build());
    }
    let answered = reference(&answer.name);
    // A change that makes nothing with an address answers 200 in both cases.
    let told = if *writes && *status == 200 {
        AnyOfBuilder::new().item(answered).item(reference(&WouldChange::name())).into()
    } else {
        answered
    };
    let told = ContentBuilder::new().schema(Some(told)).build();
    let good = ResponseBuilder::new().description(if *status == 201 { "Made." } else { "Done." }).content(form, told);
    operation = operation.response(status.to_string(), good.build());
    if *status == 201 && *writes {
        let look = ResponseBuilder::new().description("What it would do, with `preview=true`.");
        operation = operation.response("200", look.content("application/json", look_content()).build());
    }
    let bad = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    let bad = ResponseBuilder::new().description("Why not.").content("application/problem+json", bad);
    operation.response("default", bad.build())
}

fn look_content() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(reference(&WouldChange::name()))).build()
}

fn header_parameter(name: &str, description: &str, form: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .schema(Some(form.build()))
        .build()
}

fn parameters(path: &str, query: &[query::Parameter]) -> Vec<Parameter> {
    let text = || Some(ObjectBuilder::new().schema_type(Type::String).build());
    let places = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let places = places.map(|place| {
        let place = ParameterBuilder::new().name(place).parameter_in(ParameterIn::Path).required(Required::True);
        place.schema(text()).build()
    });
    let asked = query.iter().map(|it| {
        ParameterBuilder::new()
            .name(it.name)
            .parameter_in(ParameterIn::Query)
            .description(Some(it.what))
            .schema(Some(it.form.schema()))
            .build()
    });
    places.chain(asked).collect()
}

/// RFC 9457, with what we add to it.
fn problem() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let kinds = KINDS.iter().map(|kind| format!("{ROOT}/problems/{}", kind.name));
    let errors = utoipa::openapi::schema::ArrayBuilder::new()
        .items(
            ObjectBuilder::new()
                .property("pointer", text().description(Some("where in the body, a JSON pointer (RFC 6901)")))
                .property("parameter", text().description(Some("which parameter of the query")))
                .property("header", text().description(Some("which header")))
                .property("detail", text().description(Some("what is wrong there, and what is allowed"))),
        )
        .build();
    ObjectBuilder::new()
        .property("type", text().enum_values(Some(kinds)))
        .property("title", text())
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .property("detail", text())
        .property("what_to_do", text())
        .property("errors", errors)
        .property("reference", text().description(Some("stands in the registry's log too")))
        .required("type")
        .required("title")
        .required("status")
        .required("detail")
        .required("what_to_do")
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::endpoint::Described;
    use super::super::endpoints;

    #[test]
    fn no_two_types_are_described_under_one_name() {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for endpoint in endpoints() {
            let Described { name, schema, parts } = endpoint.answer;
            let body = endpoint
                .body
                .into_iter()
                .flat_map(|it| it.parts.into_iter().chain([(it.name.into_owned(), it.schema)]));
            for (name, schema) in parts.into_iter().chain([(name.into_owned(), schema)]).chain(body) {
                let schema = serde_json::to_string(&schema).unwrap();
                let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
                assert_eq!(*first, schema, "{name}");
            }
        }
        assert!(known.contains_key("PageOfPersonView"));
    }
}
