/* One row per tag; a tag that is not here cannot be sent. */
#include "lib/federation/mailbox_tags.h"

#include "lib/base/mem.h"

#define KEY	   MESSAGE_BIT(MESSAGE_KEY)
#define CIPHERTEXT MESSAGE_BIT(MESSAGE_CIPHERTEXT)
#define BLINDED	   MESSAGE_BIT(MESSAGE_BLINDED)
#define AGGREGATE  MESSAGE_BIT(MESSAGE_AGGREGATE)
#define IDS	   MESSAGE_BIT(MESSAGE_IDS)

const struct mailbox_tag mailbox_tags[] = {
    {"intersect_key", KEY, "host's RSA key {\"e\": hex, \"n\": hex}"},
    {"intersect_rows", AGGREGATE, "{\"rows\": items that follow}"},
    {"intersect_blinded", BLINDED, "r^e * H(id) mod n per guest row"},
    {"intersect_signed", BLINDED, "the same items to the power d"},
    {"intersect_hashed", BLINDED, "H(H(id)^d mod n), in order of value"},
    {"intersect_common", BLINDED, "those of them that are common"},
    {"intersect_ids", IDS | BLINDED, "raw: ids, or their digests"},
    {"repeat_ids", IDS, "common ids, and the guest's keys of each"},
    {"glm_public_key", KEY, "arbiter's Paillier key {\"n\": hex}"},
    {"glm_rows", AGGREGATE, "{\"rows\": of the guest, \"models\": fitted}"},
    {"glm_align", AGGREGATE,
	"{\"rows\", \"models\", \"salt\", \"digest\": of all ids}"},
    {"glm_folds", AGGREGATE, "{\"splits\": folds, \"seed\": of their rows}"},
    {"glm_columns", AGGREGATE,
	"{\"count\": of the sender's, \"intercept\": whether it fits one}"},
    {"glm_candidate", AGGREGATE,
	"{\"columns\": to be fitted, \"keep\", \"end\": flags, \"step\": "
	"number, "
	"\"guest_mask\", \"host_mask\": the best so far}"},
    {"glm_host_forward", CIPHERTEXT, "a batch's scores of one host"},
    {"glm_labels", CIPHERTEXT, "a batch's labels, for Poisson's loss"},
    {"glm_host_loss", CIPHERTEXT, "the host's part of a batch's loss"},
    {"glm_residual", CIPHERTEXT, "a batch's residuals, made random again"},
    {"glm_gradient", CIPHERTEXT, "a party's gradient of a batch"},
    {"glm_loss", CIPHERTEXT, "a batch's loss"},
    {"glm_step", AGGREGATE, "{\"delta\": the step of the receiver's columns}"},
    {"glm_direction", AGGREGATE, "{\"delta\": mean change of those columns}"},
    {"glm_sample", AGGREGATE,
	"{\"seed\": of the rows whose curvature is taken}"},
    {"glm_curvature", CIPHERTEXT, "a party's part of the change of gradient"},
    {"glm_converged", AGGREGATE, "{\"converged\": flag}"},
    {"glm_validation", AGGREGATE, "{\"stop\": flag, \"best\": flag}"},
    {"glm_host_score", CIPHERTEXT, "scores of one host"},
    {"glm_masked_score", CIPHERTEXT, "sums of scores under a mask"},
    {"glm_blinded_score", BLINDED, "the same decrypted, still masked"},
    {"sample_rows", AGGREGATE, "{\"rows\": rows of the guest's sample}"},
    {"sample_ids", IDS, "ids both have (and, upsampling, their new ids)"},
    {"binning_start", AGGREGATE, "{\"federated\": whether hosts take part}"},
    {"binning_public_key", KEY, "guest's Paillier key {\"n\": hex}"},
    {"binning_align", AGGREGATE,
	"{\"rows\", \"salt\", \"digest\": of all ids}"},
    {"binning_label", CIPHERTEXT, "the guest's labels, 0 or 1"},
    {"binning_columns", AGGREGATE,
	"{\"columns\": numbers of the host's, \"bins\": of each, \"merge\": "
	"whether they are to be merged, and how: \"metric\", \"bin_num\", "
	"\"min_bin_pct\", \"max_bin_pct\", \"mixture\"}"},
    {"binning_sums", CIPHERTEXT, "labels and rows per bin, packed"},
    {"binning_merged", AGGREGATE, "{\"last\": bins that end a merged one}"},
    {"selection_columns", AGGREGATE, "{\"columns\": numbers of the host's}"},
    {"selection_left", AGGREGATE, "{\"columns\": those that are left}"},
    {"pearson_public_key", KEY, "guest's Paillier key {\"n\": hex}"},
    {"pearson_align", AGGREGATE,
	"{\"rows\", \"salt\", \"digest\": of all ids, \"count\": of the "
	"guest's columns}"},
    {"pearson_columns", AGGREGATE, "{\"count\": of the host's}"},
    {"pearson_values", CIPHERTEXT, "the guest's standardised values, packed"},
    {"pearson_products", CIPHERTEXT, "sums of products under a mask, packed"},
    {"pearson_share", BLINDED, "the upper bits of the sender's shares"},
    {"toy_rows", AGGREGATE, "{\"rows\": ones of the sender}"},
    {"toy_share", BLINDED, "a random share of each value, modulo 2^64"},
    {"toy_sum", AGGREGATE, "{\"sum\": of the host's shares, hex}"},
};

const size_t mailbox_n_tags = ARRAY_LEN(mailbox_tags);

const struct mailbox_tag *
mailbox_tag_find(const char *name)
{
	for (size_t i = 0; i < mailbox_n_tags; i++)
		if (strcmp(mailbox_tags[i].name, name) == 0)
			return &mailbox_tags[i];
	return NULL;
}
