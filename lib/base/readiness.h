/* Telling the service manager how far we are: systemd's readiness protocol (sd_notify(3)), a datagram to the socket named by $NOTIFY_SOCKET.
 *
 * Where nobody asked for it, nothing is sent. It is advice: a failure is no reason to stop, so none is reported.
 * The socket is found once, at the start: a process in a sandbox or under another root folder does not find it any more.
 */
#pragma once

/* A descriptor for readiness_notify, the caller's to close; -1 where nobody wants to know. */
int readiness_open(void);
/* "READY=1", "RELOADING=1", "STOPPING=1", or several lines. Descriptor -1 is fine. */
void readiness_notify(int fd, const char *state);
