using System.CommandLine;
using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Testing;

namespace RaftStream.Lab.NodeUnderTest;

/// <summary>
/// <c>raftstream-lab node</c>: the very node that <c>raftstream node</c> runs, with the same flags, over a clock and a disk that the lab makes fail, and with the stream jobs of the lab's workloads. To
/// kill its process is to cut its power: what was not synced is gone.
/// </summary>
internal static class NodeUnderTestCommand
{
    private static readonly Option<DirectoryInfo> Faults = new("--faults")
    {
        Description = $"The folder in which the lab puts {NodeFaults.FileName}, and in which the node tells in {NodeFaults.SeenFileName} what it did; made if missing.",
        HelpName = "DIR",
        Required = true,
    };

    public static System.CommandLine.Command Create()
    {
        var command = NodeCommand.Build("Runs one node, as raftstream node does, over a clock and a disk that fail on demand.", RunAsync);
        command.Add(Faults);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        try
        {
            using var faulty = Open(parsed.GetRequiredValue(Faults).FullName);
            return await NodeCommand.RunAsync(parsed, faulty.Io, static settings => settings with { Jobs = TortureJobs.ForNodes, Host = new(settings.Id.Value, Cpu: 1, Memory: 1, IsDrained: false) }, stop);
        }
        catch (Exception exception)
        {
            return CommandLineProgram.Report(exception, stop.IsCancellationRequested);
        }
    }

    private static FaultyNode Open(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new(folder, NodeIo.Real.Clock, PowerOff, static sentence => Console.Error.WriteLine("raftstream-lab: " + sentence), RaftHostedService.SinkFolderName);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder --faults {folder} cannot be used: {failure.Message}", failure);
        }
    }

    // SIGKILL to ourselves: no handler, no finally, no flush. It may take a moment to arrive; nothing more is done until then.
    private static void PowerOff()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
