using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting;
using RaftStream.Hosting.Streams;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using RaftStream.StreamStateMachine;

namespace RaftStream.Streams.Tests;

/// <summary>Three programs in this process, each with a replica and the same jobs, over real disks and loopback.</summary>
internal sealed class JobCluster : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _members;
    private readonly IReadOnlyList<int> _clientPorts;
    private readonly Func<IReadOnlyList<Job>> _jobs;
    private readonly Action<RaftStreamOptions>? _configure;
    private readonly bool _isAdvertised;
    private readonly WebApplication?[] _programs = new WebApplication?[3];
    private readonly PrintedText[] _consoles = [new(), new(), new()];

    private JobCluster(string members, IReadOnlyList<int> clientPorts, Func<IReadOnlyList<Job>> jobs, Action<RaftStreamOptions>? configure, bool isAdvertised) =>
        (_members, _clientPorts, _jobs, _configure, _isAdvertised) = (members, clientPorts, jobs, configure, isAdvertised);

    /// <summary>Starts three programs, or only the first of them; each makes the jobs for itself, as programs on several machines would. Where they are advertised, clients that know one find the others.</summary>
    public static async Task<JobCluster> StartAsync(Func<IReadOnlyList<Job>> jobs, int programs = 3, Action<RaftStreamOptions>? configure = null, bool isAdvertised = false)
    {
        var ports = Ports.Find(6);
        var cluster = new JobCluster(string.Join(',', Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"{id}=127.0.0.1:{ports[id - 1]}"))), [.. ports.Skip(3)], jobs, configure, isAdvertised);
        for (var place = 0; place < programs; place++)
            await cluster.StartAsync(place);
        return cluster;
    }

    /// <summary>The jobs as the program at a place sees them.</summary>
    public StreamJobs Jobs(int place) => _programs[place]!.Services.GetRequiredService<StreamJobs>();

    /// <summary>The errors that the programs told of.</summary>
    public SaidLines Errors { get; } = new();

    /// <summary>Where the program at a place listens for HTTP.</summary>
    public string Url(int place) => _programs[place]!.Urls.First();

    /// <summary>Where the program at a place listens for the binary protocol: the same after it was stopped and started.</summary>
    public string ClientPort(int place) => FormattableString.Invariant($"127.0.0.1:{_clientPorts[place]}");

    /// <summary>The replica of the program at a place.</summary>
    public RaftNode Node(int place) => _programs[place]!.Services.GetRequiredService<RaftStreamReplica>().Node;

    /// <summary>What the program at a place runs.</summary>
    public NodeHandle Handle(int place) => _programs[place]!.Services.GetRequiredService<NodeHandle>();

    /// <summary>The figures of a job of the last ten minutes, as the program at a place has them.</summary>
    public FiguresReport Figures(int place, string job)
    {
        var services = _programs[place]!.Services;
        return services.GetRequiredService<JobHostedService>().FiguresOf(Handle(place).Settings.Jobs.Single(one => string.Equals(one.Name, job, StringComparison.Ordinal)))!.Report(TimeSpan.FromMinutes(10));
    }

    /// <summary>Where the program at a place has the files of sinks.</summary>
    public string Sinks(int place) => Path.Combine(DataOf(place), "sinks");

    /// <summary>What the program at a place has printed, over all its starts.</summary>
    public string Printed(int place) => _consoles[place].Text;

    /// <summary>The place that leads; -1: none does.</summary>
    public int Leader => Array.FindIndex(_programs, static program => program?.Services.GetRequiredService<RaftStreamReplica>().Node.Status.IsReady == true);

    public async Task StartAsync(int place)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Errors).SetMinimumLevel(LogLevel.Error);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, _clientPorts[place], static listen => listen.UseRaftStreamClients());
        });
        builder.Services.AddSingleton(new JobConsole(_consoles[place]));
        builder.Services.AddRaftStream(options =>
        {
            (options.Id, options.Members, options.Data) = (place + 1, _members, DataOf(place));
            options.SnapshotAfterBytes = 65_536;
            options.AdvertiseClient = _isAdvertised ? ClientPort(place) : null;
            foreach (var job in _jobs())
                options.Jobs.Add(job);
            _configure?.Invoke(options);
        });
        var app = builder.Build();
        app.MapRaftStream();
        _programs[place] = app;
        await app.StartAsync();
    }

    private string DataOf(int place) => _folder.File($"node-{place + 1}");

    /// <summary>Stops the program at a place.</summary>
    public async Task StopAsync(int place)
    {
        if (_programs[place] is { } program)
        {
            await program.StopAsync();
            await program.DisposeAsync();
        }

        _programs[place] = null;
    }

    public async ValueTask DisposeAsync()
    {
        for (var place = 0; place < 3; place++)
            await StopAsync(place);
        foreach (var console in _consoles)
            await console.DisposeAsync();
        _folder.Dispose();
    }
}
