"""The default number of threads: the smallest of all limits around the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from chainrule import MLPRegressor, fit_many
from chainrule.network import Dense, Network
from chainrule.training import default_threads, threads_for, train
from chainrule.training.threads import environment, one_blas_thread, pools, processors, quotas


def test_processors_are_those_of_the_affinity_mask():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system has no affinity masks")
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from chainrule.training import default_threads; print(default_threads())"
    )
    assert _python(code, {}) == "1"
    assert processors() == len(os.sched_getaffinity(0))


def test_environment():
    assert list(environment({})) == []
    assert list(environment({"OMP_NUM_THREADS": "3"})) == [3]
    assert list(environment({"OMP_NUM_THREADS": "4,2", "MKL_NUM_THREADS": " 2 "})) == [4, 2]
    assert list(environment({"OMP_NUM_THREADS": "0", "MKL_NUM_THREADS": "-1", "BLIS_NUM_THREADS": "all"})) == []
    assert list(environment({"LOKY_MAX_CPU_COUNT": "5"})) == [5]


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT"])
def test_environment_of_a_process(variable):
    assert _python("from chainrule.training import default_threads; print(default_threads())", {variable: "1"}) == "1"


def _python(code: str, more: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=os.environ | more, capture_output=True, text=True, check=True).stdout.strip()


def test_threadpoolctl_limits_count_while_they_hold():
    before = default_threads()
    with threadpool_limits(limits=1):
        assert set(pools()) == {1}
        assert default_threads() == 1
    assert default_threads() == before


def _blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_one_blas_thread_and_as_many_as_before():
    with threadpool_limits(limits=2, user_api="blas"):
        before = _blas_threads()
        with pytest.raises(KeyError), one_blas_thread():
            assert _blas_threads() == {1}
            with one_blas_thread():
                assert _blas_threads() == {1}
            assert _blas_threads() == {1}
            raise KeyError
        assert _blas_threads() == before


def test_several_threads_ask_for_one_blas_thread():
    before = _blas_threads()

    def often() -> None:
        for _ in range(200):
            with one_blas_thread():
                pass

    threads = [threading.Thread(target=often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _blas_threads() == before


def _threads_in_worker() -> int:
    return default_threads()


def test_joblib_inner_limit():
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(_threads_in_worker)() for _ in range(2))
    assert found == [1, 1]


def _version_1(folder: str, quota: int) -> dict[str, str]:
    return {f"{folder}/cpu.cfs_quota_us": str(quota), f"{folder}/cpu.cfs_period_us": "100000"}


def _version_2(**quotas: str) -> dict[str, str]:
    return {f"{folder.replace('_', '/')}/cpu.max": f"{quota} 100000" for folder, quota in quotas.items()}


CGROUPS = {
    "version 2": ("0::/job", _version_2(job="250000"), [2]),
    "version 2, whole machine": ("0::/job", _version_2(job="max"), []),
    "version 2, quota of the parent": ("0::/pod/job", _version_2(pod_job="max", pod="300000"), [3]),
    "version 2, less than one": ("0::/job", _version_2(job="50000"), [1]),
    "version 2, in a container": ("0::/../../host/job", {"cpu.max": "400000 100000"}, [4]),
    "version 1": ("3:cpu,cpuacct:/job", _version_1("cpu,cpuacct/job", 200000), [2]),
    "version 1, mounted as cpu": ("3:cpu,cpuacct:/job", _version_1("cpu", 300000), [3]),
    "version 1, no quota": ("3:cpu:/", _version_1("cpu", -1), []),
    "another controller": ("4:memory:/job", _version_1("memory/job", 100000), []),
}


@pytest.mark.parametrize("case", CGROUPS)
def test_cpu_quota(case, tmp_path):
    """Expected numbers by hand from the kernel's documentation of cpu.max and cpu.cfs_quota_us."""
    membership, files, expected = CGROUPS[case]
    own = tmp_path / "own"
    own.write_text(membership + "\n")
    for name, text in files.items():
        file = tmp_path / "fs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    assert sorted(set(quotas(tmp_path / "fs", own))) == expected


def test_no_cgroups_no_limit(tmp_path):
    assert list(quotas(tmp_path / "nothing", tmp_path / "none")) == []


ROWS, TARGETS = np.linspace(-1, 1, 40).reshape(-1, 2), np.linspace(0, 1, 20)
NETWORK = Network(2, (Dense(1),), "squared_error")
FITTED = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
USES = {
    "threads_for": threads_for,
    "threads_for, small work": lambda n: threads_for(n, alone=True),
    "fit": lambda n: MLPRegressor(hidden_layer_sizes=(3,), n_threads=n).fit(ROWS, TARGETS),
    "predict": lambda n: _fitted(n).predict(ROWS),
    "transform": lambda n: _fitted(n).transform(ROWS),
    "fit_many": lambda n: fit_many([MLPRegressor(hidden_layer_sizes=(3,), max_iter=1)], ROWS, TARGETS, n_threads=n),
    "train": lambda n: train(NETWORK, NETWORK.init(0), ROWS, TARGETS, n_threads=n, max_iter=1).run(),
    "Network.predict": lambda n: NETWORK.predict(NETWORK.init(0), ROWS, n_threads=n),
}


def _fitted(n_threads):
    if not hasattr(FITTED, "coefs_"):
        FITTED.fit(ROWS, TARGETS)
    return FITTED.set_params(n_threads=n_threads)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("use", USES)
def test_a_number_of_threads_below_one_is_refused_everywhere(use):
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=rf"n_threads.* must be .*{wrong}"):
            USES[use](wrong)
    USES[use](1)


def test_nobody_said_how_many_threads():
    assert threads_for(None) == default_threads() and threads_for(None, alone=True) == 1
    assert threads_for(3) == 3 and threads_for(3, alone=True) == 1
