using System.ComponentModel;
using System.Diagnostics;

namespace RaftStream.Testing;

/// <summary>Runs short commands of the system, such as <c>ip</c>, to their end.</summary>
internal static class SystemCommand
{
    /// <summary>How long a command may take if it is not told otherwise.</summary>
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a command that must succeed, and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It is not there, failed or took too long.</exception>
    public static async Task<string> DoAsync(params IReadOnlyList<string> words)
    {
        var (code, output, error) = await TryAsync(words);
        return code == 0 ? output : throw new InvalidOperationException($"'{string.Join(' ', words)}' failed with {code}: {(error.Length > 0 ? error : output).Trim()}");
    }

    /// <summary>The same for callers that cannot wait otherwise.</summary>
    /// <exception cref="InvalidOperationException">It is not there, failed or took too long.</exception>
    public static string Do(params IReadOnlyList<string> words) => DoAsync(words).GetAwaiter().GetResult();

    /// <summary>Runs a command that may fail.</summary>
    /// <exception cref="InvalidOperationException">It is not there or took too long.</exception>
    public static async Task<(int Code, string Output, string Error)> TryAsync(IReadOnlyList<string> words, TimeSpan? patience = null)
    {
        var file = ChildStarter.Find(words[0]) ?? throw new InvalidOperationException($"The command {words[0]} is not there: install it.");
        var start = new ProcessStartInfo(file, words.Skip(1)) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var end = new CancellationTokenSource(patience ?? DefaultPatience);
        using var process = Begin(start);
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(end.Token);
            var error = process.StandardError.ReadToEndAsync(end.Token);
            await process.WaitForExitAsync(end.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill();
            throw new InvalidOperationException($"'{string.Join(' ', words)}' did not end within {(patience ?? DefaultPatience).TotalSeconds:0} s.", exception);
        }
    }

    private static Process Begin(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"The command {start.FileName} could not be started: {exception.Message}", exception);
        }
    }
}
