namespace RaftStream.Testing;

/// <summary>A system whose nodes also listen for clients of the Redis protocol.</summary>
internal interface IRedisSystem
{
    /// <summary>The name of that port; one of <see cref="ITestedSystem.ClientPorts"/>.</summary>
    string RedisPort { get; }

    /// <summary>A client that speaks to that port of one node, at host:port; used by one caller at a time.</summary>
    IPipelineClient ConnectRedis(string address);
}

/// <summary>A client that can also send calls without waiting for the answers to those before.</summary>
internal interface IPipelineClient : ISystemClient
{
    /// <summary>
    /// Sends all calls in one piece and waits for their answers, which are those to the calls in their order. Like <see cref="ISystemClient.DoAsync"/> it never throws for a system that is
    /// down or answers badly; where a connection is lost on the way, all writes are of unknown outcome.
    /// </summary>
    Task<IReadOnlyList<ClientAnswer>> DoAllAsync(IReadOnlyList<ClientCall> calls, CancellationToken deadline);
}
