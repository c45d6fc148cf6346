using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>
/// Tells a connection the changes of keys until it asks for no more: pushes in version 3, arrays in version 2. Each has five parts: <c>rs.watch</c>, the kind, the key, the value and the token
/// to go on behind (nothing where there is none). One a watch; the connection writes to the network in turn with it.
/// </summary>
internal sealed class WatchPump : IAsyncDisposable
{
    private readonly CancellationTokenSource _end;
    private readonly Task _running;

    private WatchPump(Func<CancellationToken, Task> run, CancellationToken stopping)
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _running = run(_end.Token);
    }

    /// <summary>Begins to tell.</summary>
    public static WatchPump Start(RunningNode running, WatchFilter filter, LogIndex? from, RespOutlet outlet, Func<CancellationTokenSource, OngoingRight<string>> follow, CancellationToken stopping) =>
        new(token => RunAsync(running, filter, from, outlet, follow, token), stopping);

    /// <summary>Reads what stands behind RS.WATCH; false with the error.</summary>
    public static bool TryRead(in RespCommand command, RespCaller caller, uint incarnation, out WatchFilter filter, out LogIndex? from, out string problem)
    {
        (filter, from, problem) = (WatchFilter.All, null, "");
        for (var i = 1; i < command.Count; i += 2)
        {
            if (i + 1 < command.Count && (command.Is(i, "key"u8) || command.Is(i, "prefix"u8)))
            {
                if (caller.WrongKey(command.Span(i + 1)) is { } wrong)
                {
                    problem = wrong;
                    return false;
                }

                filter = command.Is(i, "key"u8) ? WatchFilter.Key(command.Text(i + 1)) : WatchFilter.Prefix(command.Text(i + 1));
            }
            else if (i + 1 < command.Count && command.Is(i, "from"u8) && ReadToken.TryParse(command.Text(i + 1), out var token))
            {
                // [safety] A place of another incarnation stands for nothing in this log: the watch begins anew.
                from = token.Incarnation == incarnation ? token.Index : null;
            }
            else
            {
                problem = "ERR a watch takes KEY and a key, or PREFIX and a prefix, and FROM and a token";
                return false;
            }
        }

        return true;
    }

    /// <summary>Ends it; nothing is told any more once this is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _end.Dispose();
    }

    private static async Task RunAsync(RunningNode running, WatchFilter filter, LogIndex? from, RespOutlet outlet, Func<CancellationTokenSource, OngoingRight<string>> follow, CancellationToken end)
    {
        // The command's own answer goes out first.
        await Task.Yield();
        var incarnation = running.Node.Status.Incarnation;
        try
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(end);
            await using var right = follow(over);
            await TellAllAsync(running.Counters.WatchAsync(filter, from, over.Token), outlet, incarnation, right, over.Token, end);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // Asked for no more, the client has gone, or the node stops.
        }
    }

    /// <summary>Tells events until the right to them is <paramref name="over"/>, or all of it is at its <paramref name="end"/>.</summary>
    private static async Task TellAllAsync(IAsyncEnumerable<WatchEvent> events, RespOutlet outlet, uint incarnation, OngoingRight<string> right, CancellationToken over, CancellationToken end)
    {
        try
        {
            await foreach (var told in events)
                await TellAsync(outlet, writer => Write(writer, told, incarnation), over);
        }
        catch (OperationCanceledException) when (right.Lapse is not null && !end.IsCancellationRequested)
        {
            await TellAsync(outlet, writer => WriteEnd(writer, right.Lapse), end);
        }
        catch (WatchEndedException ended)
        {
            await TellAsync(outlet, writer => WriteEnd(writer, ended.Message), end);
        }
    }

    private static async Task TellAsync(RespOutlet outlet, Action<RespWriter> write, CancellationToken end)
    {
        using (await outlet.EnterAsync(end))
        {
            write(outlet.Writer);
            await outlet.FlushAsync();
        }
    }

    private static void Write(RespWriter writer, in WatchEvent told, uint incarnation)
    {
        Begin(writer, told.Kind.ToString().ToLowerInvariant(), told.Key);
        if (told.Kind is WatchEventKind.Changed or WatchEventKind.Row)
            writer.BulkNumber(told.Value);
        else
            writer.Null();
        if (told.Resume is { } resume)
            writer.Bulk(new ReadToken(incarnation, resume).ToString());
        else
            writer.Null();
    }

    private static void WriteEnd(RespWriter writer, string sentence)
    {
        Begin(writer, "ended", "");
        writer.Bulk(sentence);
        writer.Null();
    }

    private static void Begin(RespWriter writer, string kind, string key)
    {
        writer.Push(5);
        writer.Bulk("rs.watch");
        writer.Bulk(kind);
        writer.Bulk(key);
    }
}
