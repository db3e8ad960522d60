//! Gradients of convolutions with respect to the input, which are themselves
//! convolutions, and with respect to the kernel.

mod input;
mod weights;

pub use input::InputGradient;
pub use weights::weight_gradient;
