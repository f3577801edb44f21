"""A session of the database that holds a job's row, as whoever cleans a job,
begins it anew or runs it does."""
import subprocess
import time


class Held:
    def __init__(self, client, job):
        """client: the command that opens a session on the site's database."""
        self.client = subprocess.Popen(
            [*client, "--unbuffered"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.say("BEGIN")
        assert self.ask("SELECT seq FROM job_run WHERE job_id = "
                        f"'{job}' FOR UPDATE").isdigit()

    def say(self, text):
        self.client.stdin.write(text + ";\n")
        self.client.stdin.flush()

    def ask(self, text):
        """What a query of one number answers."""
        self.say(text)
        return self.client.stdout.readline().strip()

    def until_somebody_waits(self, seconds=20):
        """The id of the session that does. The table that tells is filled anew
        only when nobody read it for 100 ms."""
        end = time.monotonic() + seconds
        while True:
            waits = self.ask(
                "SELECT COALESCE(MAX(trx_mysql_thread_id), 0) FROM "
                "information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
            if waits != "0":
                return waits
            assert time.monotonic() < end, "nobody waits for the job's row"
            time.sleep(0.2)

    def commit(self):
        self.client.communicate("COMMIT;\n", timeout=10)
        assert self.client.returncode == 0
