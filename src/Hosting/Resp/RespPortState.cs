using System.Diagnostics.Metrics;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>What the port counts, for INFO and as meters under <see cref="MeterName"/>. One a node; any thread.</summary>
internal sealed class RespPortState : IDisposable
{
    /// <summary>The name that listeners ask for.</summary>
    public const string MeterName = "RaftStream.Resp";

    private readonly Meter _meter;
    private long _connections;
    private long _accepted;
    private long _rejected;
    private long _commands;
    private long _errors;
    private long _protocolErrors;

    public RespPortState(NodeHandle handle, TimeProvider time)
    {
        Started = time.GetTimestamp();
        _meter = new(new MeterOptions(MeterName) { Tags = [new("node", handle.Settings.Id.Value)] });
        _meter.CreateObservableCounter("raftstream.resp.commands", () => Commands, "{command}", "Commands that came in.");
        _meter.CreateObservableCounter("raftstream.resp.errors", () => Interlocked.Read(ref _errors), "{command}", "Commands answered with an error.");
        _meter.CreateObservableCounter("raftstream.resp.protocol_errors", () => Interlocked.Read(ref _protocolErrors), "{connection}", "Connections closed because of bytes that are no command.");
    }

    /// <summary>When the port began, as a timestamp of the host's time.</summary>
    public long Started { get; }

    /// <summary>Connections now.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>As many as there may be; 0 before the first.</summary>
    public int MaxConnections { get; private set; }

    /// <summary>Connections let in.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Connections sent away.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Commands.</summary>
    public long Commands => Interlocked.Read(ref _commands);

    /// <summary>Takes a connection in and gives its number, from 1; 0, where there are too many.</summary>
    public long Enter(ConnectionAdmission admission)
    {
        Interlocked.Increment(ref _connections);
        MaxConnections = admission.Limit;
        if (admission.IsAdmitted)
            return Interlocked.Increment(ref _accepted);
        Interlocked.Increment(ref _rejected);
        return 0;
    }

    /// <summary>A connection has gone, whether it was taken in or not.</summary>
    public void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>So many commands came, and so many of them are answered with an error.</summary>
    public void Count(int commands, long errors)
    {
        Interlocked.Add(ref _commands, commands);
        Interlocked.Add(ref _errors, errors);
    }

    /// <summary>A connection ends for what it sent.</summary>
    public void CountProtocolError() => Interlocked.Increment(ref _protocolErrors);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
