using RaftStream.Lab.Bench.Scale;

namespace RaftStream.Lab.Bench;

/// <summary>The bench from start to end: a cluster in a temporary folder, a run for each number in flight, the counters verified after each.</summary>
internal static class BenchRun
{
    /// <summary>Runs the bench; returns the exit code. Leaves no process and no file behind.</summary>
    public static async Task<int> RunAsync(BenchPlan plan, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Path.GetTempPath(), "raftstream-bench-" + Guid.NewGuid().ToString("N"));
        try
        {
            var hardware = Hardware.Read(Path.GetTempPath());
            if (plan.Levels)
                return await LevelBench.RunAsync(plan, folder, hardware, cancellationToken);
            if (plan.Scale)
                return await ScaleBench.RunAsync(plan, folder, hardware, cancellationToken);
            if (plan.Resp)
                return await RespBench.RunAsync(plan, folder, hardware, cancellationToken);
            IBenchTarget target = plan switch
            {
                { Direct: true } => await DirectTarget.StartAsync(plan, folder, cancellationToken),
                { Client: true } => await ClientTarget.StartAsync(plan, folder, cancellationToken),
                _ => await ProcessTarget.StartAsync(plan, folder, cancellationToken),
            };
            await using (target)
            {
                var runs = await MeasureAsync(target, plan, cancellationToken);
                BenchText.Print(new(target.Mode, plan.Nodes, plan.KeyBytes, plan.Seconds, hardware, runs), plan.Json);
                return runs.All(run => run.Verified) ? ExitCodes.Fine : ExitCodes.Violation;
            }
        }
        finally
        {
            // After the cluster: its nodes have ended and write no more.
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<RunReport>> MeasureAsync(IBenchTarget target, BenchPlan plan, CancellationToken cancellationToken)
    {
        var runs = new List<RunReport>();
        var (acknowledged, unknown) = (0L, 0L);
        foreach (var inFlight in plan.InFlight)
        {
            var run = await new LoadRun(target, inFlight, TimeSpan.FromSeconds(plan.Seconds)).RunAsync(cancellationToken);

            // Over all runs so far: an increment whose end is unknown may be applied as late as during a later one.
            (acknowledged, unknown) = (acknowledged + run.Acknowledged, unknown + run.Unknown);
            var total = await target.TotalAsync(cancellationToken);
            var verified = total >= acknowledged && total <= acknowledged + unknown;
            if (!verified)
                await Console.Error.WriteLineAsync($"raftstream-lab: The counters hold {total} after the run with {inFlight} in flight, but {acknowledged} increments were acknowledged and {unknown} more may be done.");
            runs.Add(run with { Verified = verified });
        }

        return runs;
    }
}
