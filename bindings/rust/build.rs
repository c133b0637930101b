//! build.rs - for the feature `static`: where libdistilbert.a is.
//!
//! DISTILBERT_LIB_DIR names its folder (after `make install`, /usr/local/lib);
//! without it, the sources around this crate are built by `make static`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn build_sources() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let done = Command::new("make")
        .args(["-s", "static"])
        .current_dir(&root)
        .env_remove("MAKEFLAGS")
        .status();
    assert!(
        done.is_ok_and(|status| status.success()),
        "make static failed in {}: set DISTILBERT_LIB_DIR to the folder of \
         libdistilbert.a",
        root.display()
    );
    root.join("build/release")
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DISTILBERT_LIB_DIR");
    if env::var_os("CARGO_FEATURE_STATIC").is_none() {
        return;
    }
    let folder = env::var_os("DISTILBERT_LIB_DIR")
        .map_or_else(build_sources, PathBuf::from);
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!(
        "cargo:rerun-if-changed={}",
        folder.join("libdistilbert.a").display()
    );
    // Not copied into our .rlib: it has the built-in models.
    println!("cargo:rustc-link-lib=static:-bundle=distilbert");
    for library in ["cjson", "utf8proc", "m"] {
        println!("cargo:rustc-link-lib={library}");
    }
}
