using RaftStream.Hosting;

namespace RaftStream.Samples;

/// <summary>One of the nodes: a web program with a replica and the job. It ends when whoever started it ends.</summary>
internal static class FleetNode
{
    public static async Task RunAsync(int id, string members, string data, string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.WebHost.UseUrls(url);
        builder.Services.AddRaftStream(options =>
        {
            (options.Id, options.Members, options.Data) = (id, members, data);
            options.Jobs.Add(FleetJob.Build());
        });
        var app = builder.Build();
        app.MapRaftStream();
        await app.StartAsync();
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }
}
