//! One program for all of the crate's integration tests, because each additional program links the whole crate again.
//! Tests that need an allocator of their own are beside this folder.

#[path = "../common/mod.rs"]
mod common;
#[path = "../weights_support/mod.rs"]
mod weights_support;

mod embedded;
mod engine;
mod engine_bands;
mod executors;
mod families;
mod golden;
mod learn;
mod look;
mod model_open;
mod networks_graph;
mod networks_parity;
mod networks_published;
mod networks_recognise;
mod perceptual;
mod picture_bad;
mod picture_beside;
mod picture_colour;
mod picture_formats;
mod picture_jpeg;
mod picture_metadata;
mod picture_profile;
mod picture_read;
mod picture_resize;
mod picture_stored;
mod picture_trouble;
mod picture_write;
mod picture_writer;
mod sizes;
mod style;
mod stylizer;
mod stylizer_parity;
mod stylizer_thumbnail;
mod weights_load;
mod weights_onnx;
mod weights_safetensors;
mod weights_saved_model;
mod weights_tfjs;
mod weights_tflite;
