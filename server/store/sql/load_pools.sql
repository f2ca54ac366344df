-- The pools in force.
SELECT DISTINCT ON (number) number, name, gpu_model, gpu_memory_bytes, unit_gpus, unit_cpu_millis,
       unit_memory_bytes, unit_scratch_bytes, tick, throughput
FROM pools ORDER BY number, version DESC;
