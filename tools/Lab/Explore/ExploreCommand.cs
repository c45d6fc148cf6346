using System.CommandLine;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Explore;

/// <summary><c>raftstream-lab explore</c>: visits every state of a small cluster of real cores and stops at the first broken promise.</summary>
internal static class ExploreCommand
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var nodes = Number("--nodes", "Nodes in the cluster: 2 to 5.", 3);
        var terms = Number("--terms", "The highest term that a node may stand in: 1 to 12.", 2);
        var entries = Number("--entries", "Entries that clients propose: 0 to 8.", 2);
        var crashes = Number("--crashes", "Crashes, each with a restart, and slow disks before them: 0 to 3.", 0);
        var changes = Number("--changes", "Changes of the members that leaders begin: 0 to 2.", 0);
        var learners = Number("--learners", "Nodes that begin as learners, the last ones.", 0);
        var batch = Number("--batch", "Entries in one append at the most.", 1);
        var memory = Number("--memory", "Memory to use, in MiB, from 64 on: about what the process takes.", 8192);
        var time = Number("--time", "Seconds after which to give up; 0: never.", 0);
        var resend = new Option<bool>("--resend") { Description = "Leaders also send again what is unanswered." };
        var noSymmetry = new Option<bool>("--no-symmetry") { Description = "States that differ only in the names of the nodes count as different." };
        var lying = new Option<bool>("--lying-disks") { Description = "A crash takes the last write that the disk had reported as done: a violation must be found." };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object at the end instead of text." };
        var command = new Command("explore", "Visits every state that a small cluster of real cores can get into, breadth first, and shows the shortest way to a broken promise.")
        {
            nodes, terms, entries, crashes, changes, learners, batch, resend, noSymmetry, lying, memory, time, json,
        };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Run(
                new()
                {
                    Nodes = parsed.GetValue(nodes),
                    Terms = parsed.GetValue(terms),
                    Entries = parsed.GetValue(entries),
                    Crashes = parsed.GetValue(crashes),
                    Changes = parsed.GetValue(changes),
                    Learners = parsed.GetValue(learners),
                    Batch = parsed.GetValue(batch),
                    Resend = parsed.GetValue(resend),
                    Symmetry = !parsed.GetValue(noSymmetry),
                    LyingDisks = parsed.GetValue(lying),
                    MemoryLimit = (long)parsed.GetValue(memory) << 20,
                    TimeLimit = TimeSpan.FromSeconds(parsed.GetValue(time)),
                },
                parsed.GetValue(json),
                cancellation),
            CancellationToken.None));
        return command;
    }

    private static Option<int> Number(string name, string description, int usual) => new(name) { Description = description, DefaultValueFactory = _ => usual };

    private static int Run(ExplorerOptions options, bool json, CancellationToken cancellation)
    {
        var problem = options.Problem()
            ?? (options.MemoryLimit < 64 << 20 ? $"--memory {options.MemoryLimit >> 20} is too little: give 64 or more." : null)
            ?? (options.TimeLimit < TimeSpan.Zero ? $"--time {options.TimeLimit.TotalSeconds:0} lies in the past: give 0 or more." : null);
        if (problem is not null)
        {
            Console.Error.WriteLine(problem);
            return ExitCodes.BadUsage;
        }

        var explorer = new Explorer(options);
        using var done = new ManualResetEventSlim();
        var reporter = new Thread(() => Report(explorer, json, done)) { IsBackground = true, Name = "progress" };
        reporter.Start();
        var report = explorer.Run(cancellation);
        if (report.IsAsymmetric)
            report = new Explorer(options with { Symmetry = false }).Run(cancellation);
        done.Set();
        reporter.Join();
        ExploreText.Print(report, json);
        return report.Violation is not null ? ExitCodes.Violation : report.IsExhausted ? ExitCodes.Fine : ExitCodes.Undecided;
    }

    private static void Report(Explorer explorer, bool json, ManualResetEventSlim done)
    {
        while (!done.Wait(ReportEvery))
        {
            if (!json)
                Console.WriteLine(ExploreText.Line(explorer.Progress));
        }
    }
}
