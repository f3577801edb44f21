"""The operations of the crash-point test: what is done, what is killed, and
what must have come of it."""
import ops_jobs
import ops_models
import ops_site
import ops_uploads

ALL = (*ops_uploads.ALL, *ops_jobs.ALL, *ops_models.ALL, *ops_site.ALL)
