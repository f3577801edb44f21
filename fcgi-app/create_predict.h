/* What a predict job has beyond a training: a model, and its configuration. */
#ifndef FF_FCGI_CREATE_PREDICT_H
#define FF_FCGI_CREATE_PREDICT_H

#include "fcgi-app/app.h"
#include "lib/core/conf.h"

/*
 * Reads the initiator's pipeline of the model that `conf` names: its inference
 * DSL becomes the job's, its configuration the one of conf->train. Checks that
 * the parties are the training's, that every model is there that a party
 * needs, and that every party who had tables in the training has one now.
 */
enum err create_predict(
    struct app *app, struct conf *conf, struct dsl *dsl, struct buf *err);

#endif
