/* The models' buffers, in and out (glm_output.c). */
#ifndef FF_TASK_COMPONENTS_GLM_OUTPUT_H
#define FF_TASK_COMPONENTS_GLM_OUTPUT_H

#include "task/components/glm.h"

/* glm->fitted, or nothing at all after a cross validation. */
enum err glm_write_logistic(struct glm *glm, struct buf *err);
enum err glm_write_linear(struct glm *glm, struct buf *err);
enum err glm_write_poisson(struct glm *glm, struct buf *err);

/* The weights of the columns of glm->eval, into glm->fitted. */
enum err glm_read_logistic(struct glm *glm, struct buf *err);
enum err glm_read_regression(struct glm *glm, struct buf *err);

/* A class as the model and metrics name it: "2", "2.5"; terminated. */
#define GLM_CLASS_TEXT 32
void glm_class_text(double class, char out[GLM_CLASS_TEXT]);

#endif
