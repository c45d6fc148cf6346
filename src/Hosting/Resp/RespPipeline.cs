using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>Carries out the commands of a round, one after the other or as runs (<see cref="DataRun"/>), and answers them in their order. One a connection.</summary>
internal sealed class RespPipeline : IAsyncDisposable
{
    // What is written goes out before there is more of it than this, so that long answers do not pile up.
    private const int FlushBytes = 256 * 1024;

    private readonly RespSession _session;
    private readonly RespStore _store;
    private readonly RespOutlet _outlet;
    private readonly RespPortState _state;
    private readonly RespWriter _writer;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly DataRun _run;
    private readonly ConnectionCommands _connection;
    private readonly ServerCommands _server;
    private readonly StoreCommands _queries;
    private readonly LevelCommands _levels;
    private WatchPump? _watch;

    public RespPipeline(RespSession session, RespPortContext port, RespOutlet outlet, CancellationToken stopping)
    {
        (_session, _store, _outlet, _state, _writer, _time, _stopping) = (session, port.Store, outlet, port.State, outlet.Writer, port.Time, stopping);
        _run = new(session, port.Store, _writer);
        _connection = new(session, _writer, port.Access);
        _server = new(session, port.Store, _writer, port.State, port.Time);
        _queries = new(session, port.Store, _writer);
        _levels = new(session, port.Store, _writer);
    }

    /// <summary>Carries out all commands of a round; false: the connection shall end behind the last answer.</summary>
    public async ValueTask<bool> RunAsync(CommandArena arena)
    {
        using var turn = await _outlet.EnterAsync(_stopping);
        var errors = _writer.Errors;
        var goesOn = await AnswerAllAsync(arena);
        _state.Count(arena.Count, _writer.Errors - errors);
        await _outlet.FlushAsync();
        return goesOn;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_watch is not null)
            await _watch.DisposeAsync();
    }

    private async ValueTask<bool> AnswerAllAsync(CommandArena arena)
    {
        for (var i = 0; i < arena.Count; i++)
        {
            var command = arena[i];
            if (IsHttp(command))
                return await TurnAwayAsync();
            var spec = Judge(command, out var error);
            if (error is null && spec is { IsData: true } && !IsAccepting(spec))
            {
                if (!_run.TryAdd(command, spec))
                {
                    await _run.EndAsync();
                    _run.TryAdd(command, spec);
                }
            }
            else if (error is not null && !_run.IsEmpty)
            {
                _run.AddError(error);
            }
            else if (spec is { Verb: RespVerb.Ping or RespVerb.Echo } && error is null && _watch is null)
            {
                _run.AddEcho(command, spec);
            }
            else
            {
                await EndRunAsync();
                if (error is not null)
                    _writer.Error(error);
                else if (!await AnswerAsync(command, spec!))
                    return false;
            }

            if (_writer.Pending > FlushBytes)
                await _outlet.FlushAsync();
        }

        await EndRunAsync();
        return true;
    }

    /// <summary>
    /// Whether a browser talks, which a page of somebody else's may have sent here: what is in the lines behind would be carried out as commands. Redis turns these away in the same way.
    /// </summary>
    private static bool IsHttp(in RespCommand command) => command.Fault == RespFault.None && (command.Is(0, "post"u8) || command.Is(0, "host:"u8));

    private async ValueTask<bool> TurnAwayAsync()
    {
        await EndRunAsync();
        _state.CountProtocolError();
        _writer.Error("ERR Protocol error: this port speaks the Redis protocol and not HTTP");
        return false;
    }

    private bool IsAccepting(CommandSpec spec) => _session.Concern == WriteConcern.Available && spec.Role > AccessRole.Read;

    private async ValueTask EndRunAsync()
    {
        if (!_run.IsEmpty)
            await _run.EndAsync();
    }

    /// <summary>Finds a command; an error where it cannot be carried out for this client, whatever the store says.</summary>
    private CommandSpec? Judge(in RespCommand command, out string? error)
    {
        error = null;
        if (command.Fault != RespFault.None)
        {
            error = _session.Caller.TooLarge(command.Fault);
            return null;
        }

        var spec = CommandTable.Find(command.Span(0));
        error = _session.Caller.Refuse(spec);
        if (error is not null)
            return null;
        if (spec is null)
            error = RespErrors.Unknown(command);
        else if (!spec.Takes(command.Count))
            error = RespErrors.Arity(spec.Name);
        else if (_watch is not null && spec.Verb is not (RespVerb.Ping or RespVerb.Unwatch or RespVerb.Quit or RespVerb.Reset))
            error = RespErrors.Watching;
        else if (spec.Verb == RespVerb.Ping && command.Count > 2)
            error = RespErrors.Arity(spec.Name);
        return spec;
    }

    private async ValueTask<bool> AnswerAsync(RespCommand command, CommandSpec spec)
    {
        switch (spec.Verb)
        {
            case RespVerb.Quit:
                _writer.Simple("OK");
                return false;
            case RespVerb.Reset:
                await EndWatchAsync();
                _connection.Reset();
                return true;
            case RespVerb.Watch:
                Watch(command);
                return true;
            case RespVerb.Unwatch:
                await EndWatchAsync();
                _writer.Simple("OK");
                return true;
            case RespVerb.Ping:
                _writer.Array(2);
                _writer.Bulk("pong");
                _writer.Bulk(command.Count > 1 ? command.Text(1) : "");
                return true;
            case RespVerb.Info:
                await _server.InfoAsync(command);
                return true;
            case RespVerb.DbSize:
                await _server.DbSizeAsync();
                return true;
            case RespVerb.Scan:
                await _queries.ScanAsync(command);
                return true;
            case RespVerb.Top:
                await _queries.TopAsync(command);
                return true;
            case RespVerb.RangeSum:
                await _queries.RangeSumAsync(command);
                return true;
            case RespVerb.Confirm:
                await _queries.ConfirmAsync(command);
                return true;
            default:
                if (spec.IsData)
                    await _queries.AcceptAsync(command, spec);
                else
                    AnswerAtOnce(command, spec.Verb);
                return true;
        }
    }

    /// <summary>What is answered from memory.</summary>
    private void AnswerAtOnce(in RespCommand command, RespVerb verb)
    {
        switch (verb)
        {
            case RespVerb.Auth:
                _connection.Auth(command);
                break;
            case RespVerb.Hello:
                _connection.Hello(command, _store.Running?.Node.Status.Role ?? Role.Follower);
                break;
            case RespVerb.Select:
                _connection.Select(command);
                break;
            case RespVerb.Client:
                _connection.Client(command);
                break;
            case RespVerb.Command:
                CommandCommands.Answer(command, _writer);
                break;
            case RespVerb.Config:
                _server.Config(command);
                break;
            case RespVerb.Time:
                _server.Time();
                break;
            case RespVerb.Role:
                _server.Role();
                break;
            case RespVerb.Cluster:
                ClusterCommands.Answer(command, _store, _writer);
                break;
            case RespVerb.Consistency:
                _levels.Consistency(command);
                break;
            case RespVerb.Concern:
                _levels.Concern(command);
                break;
            case RespVerb.Redirect:
                _levels.Redirect(command);
                break;
            case RespVerb.Token:
                _levels.Token();
                break;
            default:
                Invariant.Check(verb is RespVerb.ReadOnly or RespVerb.ReadWrite, "every command has somebody who answers it");
                _writer.Simple("OK");
                break;
        }
    }

    private void Watch(in RespCommand command)
    {
        if (_store.Running is not { } running)
            _writer.Error(RespErrors.Starting);
        else if (!WatchPump.TryRead(command, _session.Caller, running.Node.Status.Incarnation, out var filter, out var from, out var problem))
            _writer.Error(problem);
        else
        {
            var lapses = _session.Caller.Lapses(AccessRole.Read);
            _watch = WatchPump.Start(running, filter, from, _outlet, over => new(lapses, _time, over), _stopping);
            _writer.Simple("OK");
        }
    }

    private async ValueTask EndWatchAsync()
    {
        if (_watch is null)
            return;

        // It may be waiting for the turn that this round has: it is told before it is waited for.
        await _watch.DisposeAsync();
        _watch = null;
    }
}
