//! Gradients of convolutions: with respect to the input, which is a convolution again, and to the kernel.

mod input;
mod weights;

pub use input::InputGradient;
pub use weights::weight_gradient;
