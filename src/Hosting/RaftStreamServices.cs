using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RaftStream.Hosting.ClientPort;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Resp;
using RaftStream.Hosting.Security;
using RaftStream.Hosting.Streams;

namespace RaftStream.Hosting;

/// <summary>Makes a replica of the counting store a part of a .NET host.</summary>
public static class RaftStreamServices
{
    /// <summary>The largest request line in bytes that the server lets through to us: what is longer than <see cref="RequestLimits.MaxTargetBytes"/> gets an answer that a program can read.</summary>
    private const int MaxRequestLine = 2 * RequestLimits.MaxTargetBytes;

    /// <summary>
    /// Adds a replica that starts and stops with the host, <see cref="ICountingStore"/> and <see cref="RaftStreamReplica"/>. With more than one member each program also needs <see cref="RaftStreamRoutes.MapRaftStream"/>, so that the
    /// others can pass requests on to it. There is a health check <c>raftstream</c>, healthy while the replica can serve.
    /// </summary>
    /// <remarks>
    /// How long calls and requests wait goes by the host's <see cref="TimeProvider"/>, the system's unless another is added. Elections, leases and ages never do: they go by the kernel's
    /// clock (<see cref="NodeIo"/>), since promises hang on it.
    /// </remarks>
    /// <exception cref="ArgumentNullException">Something is null.</exception>
    public static IServiceCollection AddRaftStream(this IServiceCollection services, Action<RaftStreamOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<RaftStreamOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RaftStreamOptions>, RaftStreamOptionsValidator>();
        services.AddSingleton(static provider => provider.GetRequiredService<IOptions<RaftStreamOptions>>().Value.ToSettings());
        services.AddSingleton(NodeIo.Real);
        services.AddSingleton(new OwnPaths(isAll: false));
        services.AddHealthChecks().AddCheck<ReplicaHealth>("raftstream");
        return services.AddReplica();
    }

    /// <summary>What every host of a replica has, once <see cref="NodeSettings"/>, <see cref="NodeIo"/> and <see cref="OwnPaths"/> are there.</summary>
    internal static IServiceCollection AddReplica(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ClientCertificates>();
        services.AddSingleton<AccessControl>();
        services.AddSingleton<NodeSecret>();
        services.AddSingleton<ClientMeters>();
        services.AddSingleton<RequestRates>();
        services.AddSingleton<NodeHandle>();
        services.AddSingleton<LeaderConnection>();
        services.AddSingleton<LeaderRouter>();
        services.AddSingleton<ReadRouter>();
        services.AddSingleton<LeaderWrites>();
        services.AddSingleton<LeaseReads>();
        services.AddSingleton<ICountingStore, EmbeddedStore>();
        services.AddSingleton(static provider => new RaftStreamReplica(provider.GetRequiredService<NodeHandle>()));
        services.AddSingleton<StreamAccess>();
        services.AddSingleton<ClientPortHandler>();
        services.AddSingleton<RespStore>();
        services.AddSingleton(static provider => new RespRules(provider.GetRequiredService<NodeSettings>().Security.Limits, provider.GetRequiredService<RequestRates>(), provider.GetRequiredService<ClientMeters>()));
        services.AddSingleton<RespPortState>();
        services.AddSingleton<RespPortContext>();
        services.AddSingleton<RespPortHandler>();
        services.AddSingleton<LeaderCommands>();
        services.TryAddSingleton(static _ => new JobConsole(Console.Out));
        services.AddSingleton<StreamIngest>();
        services.AddSingleton<SinkPages>();
        services.AddSingleton(static provider => new StreamJobs(provider.GetRequiredService<NodeHandle>()));
        services.AddHostedService<RaftHostedService>();
        services.AddSingleton<JobHostedService>();
        services.AddHostedService(static provider => provider.GetRequiredService<JobHostedService>());
        services.AddTransient<IStartupFilter, FirstInLine>();
        services.ConfigureHttpJsonOptions(static options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, NodeJson.Default));
        services.Configure<KestrelServerOptions>(static kestrel => kestrel.Limits.MaxRequestLineSize = Math.Max(kestrel.Limits.MaxRequestLineSize, MaxRequestLine));
        return services;
    }
}
