"""The DAG of test_worker.py: what tasks do on a worker, one thing each."""

import threading

from airflow.sdk import DAG, BaseOperator, Variable, task


class Long(BaseOperator):
    stopped = threading.Event()  # the class's: Airflow calls the two methods on different copies

    def execute(self, context):
        print("at work", flush=True)
        if not self.stopped.wait(60):
            raise TimeoutError("nobody stopped it")

    def on_kill(self):
        print("cleaned up", flush=True)
        self.stopped.set()


with DAG("tests", schedule=None):

    @task
    def hello():
        print("hello from the task")
        return {"answer": 42}

    @task
    def secret():
        print("the password is", Variable.get("db_password"))

    @task
    def fails():
        raise RuntimeError("as it should")

    @task(map_index_template="city {{ task.op_kwargs['city'] }}")
    def mapped(city):
        print(city)

    @task.virtualenv
    def elsewhere():
        return 1

    @task
    def source():
        """The source that a task of another Python is made of."""
        print(elsewhere().operator.get_python_source())

    hello()
    secret()
    fails()
    mapped.expand(city=["Seoul", "Newark"])
    source()
    Long(task_id="long")
