//! The files under `/static/`: stylesheet, font, icons, logo, script, each named by a hash of its content and kept by
//! browsers for ever. Start at [`ASSETS`]; the files themselves and where they come from are in `assets/`.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file as it is served.
#[derive(Debug)]
pub struct Asset {
    name: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("{stem}-{hash}.{extension}"), kind, bytes: bytes.to_vec() }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/static/{}", self.name)
    }
}

/// All files.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is named after its file")]
pub struct Assets {
    pub style: Asset,
    pub font: Asset,
    pub icons: Asset,
    pub logo: Asset,
    pub live: Asset,
}

/// All files, hashed once.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let font =
        Asset::new("atkinson-next", "woff2", "font/woff2", include_bytes!("../../assets/font/atkinson-next.woff2"));
    // The stylesheet names the font as its neighbour.
    let style = include_str!("../../assets/tremen.css").replace("font/atkinson-next.woff2", &font.name);
    Assets {
        style: Asset::new("tremen", "css", "text/css; charset=utf-8", style.as_bytes()),
        icons: Asset::new("icons", "svg", "image/svg+xml", include_bytes!("../../assets/icons.svg")),
        logo: Asset::new("logo", "svg", "image/svg+xml", include_bytes!("../../assets/logo.svg")),
        live: Asset::new("live", "js", "text/javascript; charset=utf-8", include_bytes!("../../assets/live.js")),
        font,
    }
});

/// Serves `/static/{file}`; none when there is no such file.
#[must_use]
pub fn find(name: &str) -> Option<Response> {
    let Assets { style, font, icons, logo, live } = &*ASSETS;
    let asset = [style, font, icons, logo, live].into_iter().find(|asset| asset.name == name)?;
    let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Some((headers, asset.bytes.as_slice()).into_response())
}

/// Answers `/static/{file}`.
pub(super) async fn page(Path(name): Path<String>, visit: super::Visit) -> Response {
    find(&name).unwrap_or_else(|| visit.not_found())
}

#[cfg(test)]
mod tests {
    use super::ASSETS;

    #[test]
    fn the_stylesheet_asks_for_the_font_by_its_hashed_name() {
        let style = String::from_utf8(ASSETS.style.bytes.clone()).unwrap();
        assert!(style.contains(&format!("url({})", ASSETS.font.name)), "the font is named");
        assert!(ASSETS.style.bytes.len() < 21_000);
    }

    #[test]
    fn a_hash_is_in_every_name() {
        assert!(ASSETS.live.address().starts_with("/static/live-"));
        assert_eq!(ASSETS.live.address().len(), "/static/live-.js".len() + 16);
    }
}
