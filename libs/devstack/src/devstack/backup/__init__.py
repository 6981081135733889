"""Backup and restore of a whole stack: one file, made while everything runs.

The parts are read one after the other, and whatever names something is read before what it names:

1. the entries of the prediction log that wait in the queue. What the monitor moves to Postgres meanwhile comes with
   Postgres too, and their ids make the second time a no-op;
2. the services' database, at one moment: jobs, log, where archived rows lie, which versions were promoted;
3. MLflow's database: the runs and versions that the services' database may name;
4. the object store, names before contents here too: inputs and results, the archive, the history, MLflow's artifacts.

So what the databases name is in the store when it is copied, because it was there before: results appear before their
job has succeeded, files of the archive before their rows leave Postgres, artifacts before their version is registered.
The other way round a job that ends between the two would have succeeded without a result, and rows archived between the
two would be lost. What must not happen meanwhile is that something named is deleted: the lock of those who delete
(`common.database.tables.log.ARCHIVE_LOCK`) is held from before the first part until after the last.

What is newer than the databases is in the store without being named: harmless. What a job had uploaded of a result
that has not appeared cannot be read from any store: such a job begins anew, with the model version and the delivery
pace that it was planned with, and gives the same bytes (`devstack.backup.open_jobs`).
"""
