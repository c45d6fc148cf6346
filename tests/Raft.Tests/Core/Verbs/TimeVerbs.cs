namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// time +150ms [only N...]: lets time pass and ticks every node (or those named) at its deadlines. sleep +150ms: lets time pass
/// and ticks nobody. run +500ms [without N...]: time passes in steps of 10 ms, and after each step everything is delivered and completed. tick N: ticks now. timeout N: goes on to the node's deadline and ticks it alone. elect N: timeout and stabilize.
/// </summary>
internal static class TimeVerbs
{
    public static bool TryRun(TranscriptEnvironment environment, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "time":
                Pass(environment, TranscriptText.Duration(arguments[0]), arguments);
                return true;
            case "run":
                for (var rest = TranscriptText.Duration(arguments[0]); rest > TimeSpan.Zero; rest -= TimeSpan.FromMilliseconds(10))
                {
                    Pass(environment, TimeSpan.FromMilliseconds(10), []);
                    NetworkVerbs.Stabilize(environment, arguments[1..]);
                }

                return true;
            case "sleep":
                environment.Now += TranscriptText.Duration(arguments[0]);
                return true;
            case "tick":
                environment.Step(environment.Host(arguments[0]), host => host.Tick(environment.Now));
                return true;
            case "timeout":
                Timeout(environment, environment.Host(arguments[0]));
                return true;
            case "elect":
                Timeout(environment, environment.Host(arguments[0]));
                NetworkVerbs.Stabilize(environment, []);
                return true;
            default:
                return false;
        }
    }

    private static void Timeout(TranscriptEnvironment environment, CoreHost host)
    {
        if (host.Core.Output.NextDeadline > environment.Now)
            environment.Now = host.Core.Output.NextDeadline;
        environment.Step(host, target => target.Tick(environment.Now));
    }

    private static void Pass(TranscriptEnvironment environment, TimeSpan duration, string[] arguments)
    {
        var end = environment.Now + duration;
        var only = arguments.Length > 1 && arguments[1] == "only" ? arguments[2..] : null;
        while (true)
        {
            var next = environment.Hosts
                .Where(host => host.IsUp && (only is null || only.Contains(host.Id.ToString())) && host.Core.Output.NextDeadline <= end)
                .MinBy(host => host.Core.Output.NextDeadline.Nanoseconds);
            if (next is null)
                break;
            Timeout(environment, next);
        }

        environment.Now = end;
    }
}
