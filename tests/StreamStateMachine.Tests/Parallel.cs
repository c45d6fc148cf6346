// Fixtures share nothing: two at a time on the smallest machine.
[assembly: Parallelizable(ParallelScope.Fixtures)]
