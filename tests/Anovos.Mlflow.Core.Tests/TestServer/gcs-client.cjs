// Google's client of Google Cloud Storage at work. Prints what it got as JSON.
// Arguments: the address, an access token, the name of an object to read, a file to send.
const { createHash } = require('crypto');
const { readFileSync } = require('fs');
const { Storage } = require('@google-cloud/storage');
const { OAuth2Client } = require('google-auth-library');

const [address, token, name, file] = process.argv.slice(2);
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: token, expiry_date: Date.now() + 3600000 });
const options = { apiEndpoint: address, projectId: 'anovos-mlflow', useAuthWithCustomEndpoint: true, retryOptions: { autoRetry: false } };
const storage = new Storage({ ...options, authClient });

// At another address than Google's, the client's resumable uploads leave the credentials out.
storage.interceptors.push({ request: one => ({ ...one, headers: { ...one.headers, Authorization: `Bearer ${token}` } }) });
const bucket = storage.bucket('artifacts');
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex');
const failure = async work => work.then(() => 'none', e => `${e.code} ${e.message}`);

(async () => {
    const ours = bucket.file(name);
    const [whole] = await ours.download({ validation: 'crc32c' });
    const [alsoWhole] = await ours.download({ validation: 'md5' });
    const [part] = await ours.download({ start: 100, end: 199, validation: false });
    const [metadata] = await ours.getMetadata();

    const content = readFileSync(file);
    await bucket.file('node/a b+c%41#?ü.csv').save('something', { resumable: false, validation: 'md5' });
    await bucket.upload(file, { destination: 'node/resumable', resumable: true, validation: 'crc32c' });
    await bucket.upload(file, { destination: 'node/in chunks', resumable: true, chunkSize: 1 << 20, validation: 'md5' });
    await ours.copy(bucket.file('node/copied'));
    const [files, , listing] = await bucket.getFiles({ prefix: 'node/', delimiter: '/', autoPaginate: false });
    const [, , folders] = await bucket.getFiles({ delimiter: '/', autoPaginate: false });

    const wrong = { md5Hash: createHash('md5').update('another').digest('base64') };
    const other = storage.bucket('no-such-bucket');
    const unknown = new OAuth2Client();
    unknown.setCredentials({ access_token: 'unknown', expiry_date: Date.now() + 3600000 });
    const stranger = new Storage({ ...options, authClient: unknown }).bucket('artifacts');
    const errors = [
        await failure(bucket.file('nothing').getMetadata()),
        await failure(bucket.file('nothing').download()),
        await failure(bucket.file('node/damaged').save('something', { resumable: false, validation: false, metadata: wrong })),
        await failure(bucket.file('node/copied', { generation: 1 }).getMetadata()),
        await failure(bucket.file('node/copied').delete({ ifGenerationMatch: 1 })),
        await failure(other.getFiles()),
        await failure(stranger.getFiles()),
    ];
    await bucket.file('node/copied').delete();
    const [gone] = await bucket.file('node/copied').exists();

    console.log(JSON.stringify({
        whole: sha256(whole), alsoWhole: sha256(alsoWhole), part: part.toString('hex'), size: metadata.size,
        md5: metadata.md5Hash, type: metadata.contentType, content: sha256(content),
        files: files.map(one => one.name), next: listing.nextPageToken ?? null, folders: folders.prefixes, errors, gone,
    }));
})().catch(e => { console.error(e); process.exit(1); });
