/* A worker: its queries, its machine, its life. */
#include "resolverd/serve/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A view on its way to a worker. */
struct view_message {
	struct mailbox_node node;      /* first */
	struct view *view;
};

void worker_front(struct worker *worker, usec_t now, uint8_t *out, size_t out_size)
{
	worker->front.view = worker->view;
	worker->front.now = now;
	worker->front.out = out;
	worker->front.out_size = out_size;
}

void worker_count_reply(struct worker *worker)
{
	const struct front *front = &worker->front;
	unsigned slot = front->rcode < COUNTED_RCODES ? front->rcode : COUNTED_RCODES - 1;

	counter_add(&worker->counters.replies[slot], 1);
	counter_add(front->hit ? &worker->counters.hits_ready : &worker->counters.hits_cache, 1);
	if (front->truncated)
		counter_add(&worker->counters.truncated, 1);
}

struct client *worker_client(struct worker *worker)
{
	struct client *client = worker->free_clients;

	counter_add(&worker->counters.misses, 1);
	if (client) {
		worker->free_clients = client->next_free;
		return client;
	}
	client = malloc(sizeof(*client));
	if (client) {
		client->next_made = worker->made_clients;
		worker->made_clients = client;
	}
	return client;
}

static void client_release(struct worker *worker, struct client *client)
{
	client->next_free = worker->free_clients;
	worker->free_clients = client;
}

bool worker_resolve(struct worker *worker, struct client *client)
{
	client->asked = worker->front.asked;
	if (resolver_ask(worker->resolver, client->asked.name, client->asked.type, &client->asker, worker->front.now))
		return true;
	client_release(worker, client);
	front_fail(&worker->front);
	return false;
}

static void client_answer(struct worker *worker, struct client *client, const struct result *result, usec_t now)
{
	struct front *front = &worker->front;

	worker_front(worker, now, worker->reply, MESSAGE_MAX_LEN);
	front->asked = client->asked;
	front_reply(front, result);
	counter_add(&worker->counters.replies[front->rcode < COUNTED_RCODES ? front->rcode : COUNTED_RCODES - 1], 1);
	if (front->truncated)
		counter_add(&worker->counters.truncated, 1);
	if (client->connection == 0)
		datagrams_reply(worker, client);
	else
		connections_reply(worker, client);
	client_release(worker, client);
}

static void counters_publish(struct worker *worker)
{
	const struct resolver_counters *from = resolver_counters(worker->resolver);
	struct serve_counters *to = &worker->counters;

	counter_set(&to->joined, from->joined);
	counter_set(&to->upstream_udp, from->sent_udp);
	counter_set(&to->upstream_tcp, from->sent_tcp);
	counter_set(&to->upstream_timeouts, from->timeouts);
	counter_set(&to->upstream_mismatches, from->mismatches);
	counter_set(&to->upstream_lame, from->lame);
	counter_set(&to->upstream_behind, from->behind);
	counter_set(&to->failed, from->failed);
	counter_set(&to->limited, from->limited);
	counter_set(&to->tasks, resolver_task_count(worker->resolver));
}

void worker_drain(struct worker *worker, usec_t now)
{
	struct action action;
	bool any = false;

	while (resolver_next(worker->resolver, &action)) {
		any = true;
		switch (action.kind) {
		case ACTION_SEND: upstream_send(worker->upstream, action.exchange, &worker->view->policy); break;
		case ACTION_REPORT: upstream_report(worker->upstream, &action.report, &worker->view->policy); break;
		case ACTION_ANSWER: client_answer(worker, (struct client *)action.asker, action.result, now); break;
		}
	}
	if (any)
		counters_publish(worker);
}

static void on_upstream_event(void *ctx, usec_t now)
{
	worker_drain(ctx, now);
	counters_publish(ctx);
}

static void on_mail(struct mailbox_node *node, void *ctx)
{
	struct worker *worker = ctx;

	if (node == &worker->stop) {
		loop_stop(&worker->loop);
		return;
	}
	struct view_message *message = (struct view_message *)node;
	view_release(worker->view);
	worker->view = message->view;
	resolver_set_policy(worker->resolver, &worker->view->policy);
	free(message);
}

static int machine_open(struct worker *worker)
{
	struct workers_config *config = &worker->set->config;
	struct resolver_config resolver = {
		.cache = config->cache, .policy = &worker->view->policy, .secure_rng = &worker->secure_rng, .rng = &worker->rng,
	};
	int status = resolver_new(&worker->resolver, &resolver);
	if (status != ZT_OK)
		return status;
	struct upstream_config upstream = {
		.loop = &worker->loop, .resolver = worker->resolver, .secure_rng = &worker->secure_rng, .on_event = on_upstream_event, .ctx = worker,
	};
	return upstream_new(&worker->upstream, &upstream);
}

static int sockets_open(struct worker *worker)
{
	const struct workers_config *config = &worker->set->config;
	char text[NETADDR_TEXT_SIZE];
	int status = ZT_OK;

	for (uint32_t i = 0; i < config->listen_count && status == ZT_OK; i++) {
		status = datagrams_open(worker, i);
		if (status != ZT_OK)
			log_error(config->log, "cannot listen on %s: %s", netaddr_to_text(&config->listen[i], text), status_text(status));
	}
	if (status == ZT_OK) {
		status = connections_open(worker);
		if (status != ZT_OK)
			log_error(config->log, "cannot listen for TCP: %s", status_text(status));
	}
	return status;
}

static int worker_open(struct worker *worker, struct workers *set, uint32_t index)
{
	const struct workers_config *config = &set->config;
	int status;

	worker->set = set;
	worker->index = index;
	worker->view = view_acquire(config->view);
	rng_seed_system(&worker->rng);
	secure_rng_init(&worker->secure_rng);
	if ((status = loop_init(&worker->loop, config->clock, LOOP_PRECISE)) != ZT_OK ||
	    (status = mailbox_open(&worker->mailbox, &worker->loop, on_mail, worker)) != ZT_OK ||
	    (status = udp_batch_init(&worker->batch, NULL)) != ZT_OK || (status = machine_open(worker)) != ZT_OK)
		return status;
	worker->front.cache = config->cache;
	worker->front.responder = responder_new();
	worker->reply = malloc(MESSAGE_MAX_LEN);
	worker->datagrams = calloc(config->listen_count, sizeof(*worker->datagrams));
	if (!worker->front.responder || !worker->reply || !worker->datagrams)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < config->listen_count; i++)
		worker->datagrams[i].socket.fd = -1;
	return sockets_open(worker);
}

/* Also cleans up after a worker_open that failed half way. */
static void worker_close(struct worker *worker)
{
	if (!worker->set)
		return;
	if (worker->mailbox.on_message && worker->mailbox.fd >= 0)
		mailbox_close(&worker->mailbox);
	connections_close(worker);
	upstream_free(worker->upstream);
	resolver_free(worker->resolver);
	for (uint32_t i = 0; worker->datagrams && i < worker->set->config.listen_count; i++)
		datagrams_close(&worker->datagrams[i]);
	udp_batch_fini(&worker->batch);
	responder_free(worker->front.responder);
	while (worker->made_clients) {
		struct client *client = worker->made_clients;
		worker->made_clients = client->next_made;
		free(client);
	}
	free(worker->reply);
	free(worker->datagrams);
	loop_fini(&worker->loop);
	view_release(worker->view);
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	int status = loop_run(&worker->loop);
	if (status != ZT_OK)
		log_error(worker->set->config.log, "worker %u: event loop failed: %s", worker->index, status_text(status));
	return NULL;
}

int workers_open(struct workers **out, const struct workers_config *config)
{
	struct workers *workers = calloc(1, sizeof(*workers));
	int status = ZT_OK;

	if (!workers)
		return ZT_ENOMEM;
	workers->config = *config;
	long cores = config->count > 0 ? (long)config->count : sysconf(_SC_NPROCESSORS_ONLN);
	workers->count = cores > 0 ? (uint32_t)cores : 1;
	workers->listen = calloc(config->listen_count, sizeof(*workers->listen));
	if (workers->listen)
		memcpy(workers->listen, config->listen, config->listen_count * sizeof(*workers->listen));
	workers->config.listen = workers->listen;
	workers->workers = calloc(workers->count, sizeof(*workers->workers));
	if (!workers->workers || !workers->listen)
		status = ZT_ENOMEM;
	for (uint32_t i = 0; i < workers->count && status == ZT_OK; i++)
		status = worker_open(&workers->workers[i], workers, i);
	if (status != ZT_OK) {
		workers_close(workers);
		return status;
	}
	*out = workers;
	return ZT_OK;
}

int workers_start(struct workers *workers)
{
	sigset_t all, before;
	int status = ZT_OK;

	/* Signals are the manage thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (uint32_t i = 0; i < workers->count && status == ZT_OK; i++) {
		struct worker *worker = &workers->workers[i];
		for (uint32_t l = 0; l < workers->config.listen_count && status == ZT_OK; l++)
			status = datagrams_start(&worker->datagrams[l]);
		if (status == ZT_OK && pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
			status = ZT_ESYSTEM;
		worker->has_thread = status == ZT_OK;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}

int workers_set_view(struct workers *workers, struct view *view)
{
	struct view_message **messages = calloc(workers->count, sizeof(*messages));
	uint32_t made = 0;

	while (messages && made < workers->count && (messages[made] = malloc(sizeof(**messages))))
		made++;
	for (uint32_t i = 0; i < made; i++) {
		if (made < workers->count) {
			free(messages[i]);
			continue;
		}
		messages[i]->view = view_acquire(view);
		mailbox_post(&workers->workers[i].mailbox, &messages[i]->node);
	}
	free(messages);
	return made == workers->count ? ZT_OK : ZT_ENOMEM;
}

void workers_close(struct workers *workers)
{
	if (!workers)
		return;
	for (uint32_t i = 0; i < workers->count && workers->workers; i++) {
		if (workers->workers[i].has_thread)
			mailbox_post(&workers->workers[i].mailbox, &workers->workers[i].stop);
	}
	for (uint32_t i = 0; i < workers->count && workers->workers; i++) {
		if (workers->workers[i].has_thread)
			pthread_join(workers->workers[i].thread, NULL);
	}
	for (uint32_t i = 0; i < workers->count && workers->workers; i++)
		worker_close(&workers->workers[i]);
	free(workers->workers);
	free(workers->listen);
	free(workers);
}

uint32_t workers_count(const struct workers *workers)
{
	return workers->count;
}

void workers_counters(struct workers *workers, struct serve_counters *sum)
{
	/* The structure is nothing but counters, so it can be added up as an array of them. */
	enum { FIELDS = sizeof(struct serve_counters) / sizeof(uint64_t) };
	_Atomic uint64_t *to = (_Atomic uint64_t *)(void *)sum;

	for (size_t f = 0; f < FIELDS; f++)
		atomic_init(&to[f], 0);
	for (uint32_t i = 0; i < workers->count; i++) {
		_Atomic uint64_t *from = (_Atomic uint64_t *)(void *)&workers->workers[i].counters;
		for (size_t f = 0; f < FIELDS; f++)
			counter_add(&to[f], counter_get(&from[f]));
	}
}
