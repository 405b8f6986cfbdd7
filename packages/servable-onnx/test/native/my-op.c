/* MyOp of the domain my.domain, y = x + 1 in float32, through ONNX Runtime's C API without its header. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct CustomOp CustomOp;

/* OrtCustomOp as version 8 of the API has it. */
struct CustomOp {
  uint32_t version;
  void *(*create_kernel)(const CustomOp *, const void *api, const void *info);
  const char *(*get_name)(const CustomOp *);
  const char *(*get_provider)(const CustomOp *);
  int (*get_input_type)(const CustomOp *, size_t);
  size_t (*get_input_count)(const CustomOp *);
  int (*get_output_type)(const CustomOp *, size_t);
  size_t (*get_output_count)(const CustomOp *);
  void (*compute)(void *kernel, void *context);
  void (*destroy)(void *kernel);
  int (*get_input_kind)(const CustomOp *, size_t);
  int (*get_output_kind)(const CustomOp *, size_t);
};

typedef void *Status;
typedef void *const *Table;

/* Functions by their places in OrtApi. */
enum {
  CREATE_DOMAIN = 26,
  ADD_OP = 27,
  ADD_DOMAIN = 28,
  TENSOR_DATA = 51,
  DIMENSIONS_COUNT = 61,
  DIMENSIONS = 62,
  ELEMENT_COUNT = 64,
  TYPE_AND_SHAPE = 65,
  KERNEL_INPUT = 90,
  KERNEL_OUTPUT = 91,
  RELEASE_TYPE_AND_SHAPE = 99
};
enum { API_VERSION = 8, FLOAT = 1, REQUIRED = 0, MAX_RANK = 8 };

static Table api;

static void *create_kernel(const CustomOp *op, const void *table, const void *info) {
  return (void *)op;
}
static void destroy(void *kernel) {}
static const char *get_name(const CustomOp *op) { return "MyOp"; }
static const char *get_provider(const CustomOp *op) { return NULL; }
static int get_type(const CustomOp *op, size_t i) { return FLOAT; }
static size_t get_count(const CustomOp *op) { return 1; }
static int get_kind(const CustomOp *op, size_t i) { return REQUIRED; }

static void compute(void *kernel, void *context) {
  void *input, *output, *info;
  float *x, *y;
  size_t rank, count;
  int64_t dims[MAX_RANK];
  ((Status (*)(void *, size_t, void **))api[KERNEL_INPUT])(context, 0, &input);
  ((Status (*)(void *, void **))api[TYPE_AND_SHAPE])(input, &info);
  ((Status (*)(void *, size_t *))api[DIMENSIONS_COUNT])(info, &rank);
  ((Status (*)(void *, int64_t *, size_t))api[DIMENSIONS])(info, dims, rank);
  ((Status (*)(void *, size_t *))api[ELEMENT_COUNT])(info, &count);
  ((void (*)(void *))api[RELEASE_TYPE_AND_SHAPE])(info);
  ((Status (*)(void *, size_t, const int64_t *, size_t, void **))api[KERNEL_OUTPUT])(context, 0, dims, rank, &output);
  ((Status (*)(void *, float **))api[TENSOR_DATA])(input, &x);
  ((Status (*)(void *, float **))api[TENSOR_DATA])(output, &y);
  for (size_t i = 0; i < count; i++) y[i] = x[i] + 1;
}

static const CustomOp op = {API_VERSION,   create_kernel, get_name, get_provider, get_type, get_count,
                            get_type,      get_count,     compute,  destroy,      get_kind, get_kind};

typedef struct {
  Table (*get_api)(uint32_t version);
} ApiBase;

Status RegisterCustomOps(void *options, const ApiBase *base) {
#ifdef ABORTS
  abort();
#endif
  void *domain;
  Status status;
  api = base->get_api(API_VERSION);
  status = ((Status (*)(const char *, void **))api[CREATE_DOMAIN])("my.domain", &domain);
  if (!status) status = ((Status (*)(void *, const CustomOp *))api[ADD_OP])(domain, &op);
  return status ? status : ((Status (*)(void *, void *))api[ADD_DOMAIN])(options, domain);
}
