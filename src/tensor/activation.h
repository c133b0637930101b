/*
 * activation.h - the functions that checkpoints put behind a layer.
 */
#ifndef TENSOR_ACTIVATION_H
#define TENSOR_ACTIVATION_H

typedef enum Activation {
  ACTIVATION_NONE,
  ACTIVATION_GELU,       /* 0.5 x (1 + erf(x / sqrt 2)) */
  ACTIVATION_GELU_TANH,  /* gelu_new, gelu_pytorch_tanh, gelu_accurate */
  ACTIVATION_GELU_FAST,  /* gelu_fast: the same with rounded constants */
  ACTIVATION_QUICK_GELU, /* x sigmoid(1.702 x) */
  ACTIVATION_GELU_10,    /* gelu clipped to [-10, 10] */
  ACTIVATION_RELU,
  ACTIVATION_RELU2, /* relu(x)^2 */
  ACTIVATION_RELU6,
  ACTIVATION_LEAKY_RELU, /* slope 0.01 */
  ACTIVATION_SILU,
  ACTIVATION_SIGMOID,
  ACTIVATION_TANH,
  ACTIVATION_MISH,
  ACTIVATION_LAPLACE /* 0.5 (1 + erf((x - mu) / (sigma sqrt 2))) */
} Activation;

#endif
