using Microsoft.AspNetCore.Builder;
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
    private readonly Func<IReadOnlyList<Job>> _jobs;
    private readonly WebApplication?[] _programs = new WebApplication?[3];
    private readonly PrintedText[] _consoles = [new(), new(), new()];

    private JobCluster(string members, Func<IReadOnlyList<Job>> jobs) => (_members, _jobs) = (members, jobs);

    /// <summary>Starts three programs, or only the first of them; each makes the jobs for itself, as programs on several machines would.</summary>
    public static async Task<JobCluster> StartAsync(Func<IReadOnlyList<Job>> jobs, int programs = 3)
    {
        var ports = Ports.Find(3);
        var cluster = new JobCluster(string.Join(',', Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"{id}=127.0.0.1:{ports[id - 1]}"))), jobs);
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

    /// <summary>The replica of the program at a place.</summary>
    public RaftNode Node(int place) => _programs[place]!.Services.GetRequiredService<RaftStreamReplica>().Node;

    /// <summary>The figures of a job of the last ten minutes, as the program at a place has them.</summary>
    public FiguresReport Figures(int place, string job)
    {
        var services = _programs[place]!.Services;
        return services.GetRequiredService<JobHostedService>().FiguresOf(services.GetRequiredService<NodeHandle>().Settings.Jobs.Single(one => string.Equals(one.Name, job, StringComparison.Ordinal)))!.Report(TimeSpan.FromMinutes(10));
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
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Services.AddSingleton(new JobConsole(_consoles[place]));
        builder.Services.AddRaftStream(options =>
        {
            (options.Id, options.Members, options.Data) = (place + 1, _members, DataOf(place));
            options.SnapshotAfterBytes = 65_536;
            foreach (var job in _jobs())
                options.Jobs.Add(job);
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
