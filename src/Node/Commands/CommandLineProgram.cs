using System.CommandLine;
using System.Runtime.InteropServices;

namespace RaftStream.Node.Commands;

/// <summary>
/// The command line as a whole: parses, runs one command, and turns whatever happens into one of the <see cref="ExitCodes"/> and
/// at most one sentence on standard error.
/// </summary>
internal static class CommandLineProgram
{
    /// <summary>Runs the program with its arguments and returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = BuildRoot();

        // No response files: "@name" is a fair key of a counter and must not be taken for a file.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0)
            return Complain(OneSentence(parsed), ExitCodes.Usage);

        using var stop = new CancellationTokenSource();
        using var interrupt = Watch(PosixSignal.SIGINT, stop);
        using var terminate = Watch(PosixSignal.SIGTERM, stop);
        using var hangup = Watch(PosixSignal.SIGHUP, stop);
        try
        {
            // Signals are ours: a command must be able to end its children before the process ends.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, stop.Token);
        }
        catch (Exception exception)
        {
            return Report(exception, stop.IsCancellationRequested);
        }
    }

    private static RootCommand BuildRoot() =>
        new("RaftStream: a replicated store of counters that counts each record of a stream exactly once.")
        {
            DemoCommand.Build(),
            NodeCommand.Build(),
            ClusterCommand.Build(),
            StatusCommand.Build(),
            MembersCommand.Build(),
            TransferCommand.Build(),
            BackupCommand.Build(),
            RestoreCommand.Build(),
            UnsafeResetCommand.Build(),
            LogCommand.Build(),
            TokenCommand.Build(),
            AddCommand.Build(),
            GetCommand.Build(),
            TopCommand.Build(),
            SumCommand.Build(),
            IngestCommand.Build(),
        };

    /// <summary>Says on standard error, in one sentence, why a command failed, and returns its exit code.</summary>
    public static int Report(Exception exception, bool stopped) => exception switch
    {
        UsageException or ReplicaException => Complain(exception.Message, ExitCodes.Usage),
        RefusedException => Complain(exception.Message, ExitCodes.Violation),
        UndecidedException => Complain(exception.Message, ExitCodes.Undecided),
        FaultException => Complain(exception.Message, ExitCodes.Internal),
        OperationCanceledException when stopped => Complain("Stopped by a signal before the end.", ExitCodes.Undecided),
        _ => Complain($"Internal error, please report it: {exception.GetType().Name}: {exception.Message}", ExitCodes.Internal),
    };

    private static int Complain(string sentence, int exitCode)
    {
        // One line, whatever an inner message holds: scripts read standard error line by line.
        Console.Error.WriteLine("raftstream: " + sentence.ReplaceLineEndings(" ").Trim());
        return exitCode;
    }

    private static string OneSentence(ParseResult parsed)
    {
        // "Required command was not provided" says little of a mistyped one; the token does.
        var message = parsed.UnmatchedTokens.Count > 0
            ? $"'{parsed.UnmatchedTokens[0]}' is no command or option of raftstream here."
            : parsed.Errors[0].Message.ReplaceLineEndings(" ").Trim();
        return (message.EndsWith('.') ? message : message + ".") + " See raftstream --help.";
    }

    private static PosixSignalRegistration Watch(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
}
